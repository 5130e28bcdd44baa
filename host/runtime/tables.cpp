#include "runtime/tables.hpp"

#include <mortise/abi/config.h>
#include <mortise/abi/log.h>

#include <array>
#include <string>
#include <vector>

#include "base/coarse_clock.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/counted_heap.hpp"
#include "runtime/generation.hpp"
#include "telemetry/log.hpp"

namespace mortise::runtime {
namespace {

telemetry::Level to_level(std::uint32_t level) noexcept {
  switch (level) {
    case MORTISE_LOG_DEBUG: return telemetry::Level::debug;
    case MORTISE_LOG_INFO: return telemetry::Level::info;
    case MORTISE_LOG_WARNING: return telemetry::Level::warning;
    default: return telemetry::Level::error;
  }
}

std::uint32_t log_is_enabled(mortise_host*, std::uint32_t level) {
  return telemetry::is_enabled(to_level(level)) ? 1 : 0;
}

void tell_dropped(const Generation& generation, std::uint64_t lines) {
  const telemetry::LogScope scope(generation.name(), generation.number_text(), {});
  telemetry::log(telemetry::Level::warning, "runtime",
                 "lines of the plugin were dropped: it writes more than its limits.log_lines in a second",
                 {{"lines", std::to_string(lines)}});
}

/// The line carries the plugin that wrote it, also from a thread that the host knows nothing of.
void log_write(mortise_host* host, std::uint32_t level, mortise_str message, const mortise_log_field* fields,
               std::uint64_t field_count) {
  if (!telemetry::is_enabled(to_level(level))) return;
  const auto& generation = Generation::from(host);
  const auto verdict = generation.containment().log_limit().admit(base::coarse_now());
  if (verdict.dropped_before > 0) tell_dropped(generation, verdict.dropped_before);
  if (!verdict.is_admitted) return;
  std::vector<telemetry::Field> copied;
  copied.reserve(fields == nullptr ? 0 : static_cast<std::size_t>(field_count));
  for (std::uint64_t i = 0; fields != nullptr && i < field_count; ++i) {
    copied.push_back({to_view(fields[i].key), to_view(fields[i].value)});
  }
  const auto* outer = telemetry::LogScope::current();
  const telemetry::LogScope scope(generation.name(), generation.number_text(),
                                  outer == nullptr ? std::string_view() : outer->request_id, {},
                                  outer == nullptr ? nullptr : outer->trace);
  telemetry::log(to_level(level), "plugin", to_view(message), copied.data(), copied.size());
}

mortise_str config_json(mortise_host* host) { return to_abi(Generation::from(host).spec().config_text); }
mortise_str config_data_directory(mortise_host* host) { return to_abi(Generation::from(host).spec().data_directory); }
mortise_str config_plugin_name(mortise_host* host) { return to_abi(Generation::from(host).name()); }
mortise_str config_plugin_version(mortise_host* host) { return to_abi(Generation::from(host).version_text()); }
std::uint64_t config_generation(mortise_host* host) { return Generation::from(host).number(); }

constexpr mortise_log_v1 kLog{
    .struct_size = sizeof(mortise_log_v1), .reserved = 0, .is_enabled = &log_is_enabled, .write = &log_write};

constexpr mortise_config_v1 kConfig{.struct_size = sizeof(mortise_config_v1),
                                    .reserved = 0,
                                    .json = &config_json,
                                    .data_directory = &config_data_directory,
                                    .plugin_name = &config_plugin_name,
                                    .plugin_version = &config_plugin_version,
                                    .generation = &config_generation};

}  // namespace

std::span<const Offer> own_offers() noexcept {
  static const std::array kOffers{Offer{MORTISE_LOG_V1, &kLog}, Offer{MORTISE_CONFIG_V1, &kConfig},
                                  Offer{MORTISE_MEMORY_V1, &memory_table()}};
  return kOffers;
}

}  // namespace mortise::runtime
