#include "release/placement.hpp"

#include <utility>

#include "release/settings_text.hpp"

namespace mortise::release {
namespace {

/// Of one that is placed inline after a probation, which it has passed: what has come of the move, where that has
/// failed.
const Failure* find_failed_move(const config::PluginConfig& config, const std::string& sha256, const Memory& memory) {
  const auto* failure = memory.find_failure(config.name, {.sha256 = sha256, .config_text = settings_text(config)});
  if (failure == nullptr || failure->is_quarantined() || failure->is_marked) return failure;
  // Another config that does not do is no failed move.
  const auto runs = memory.running.find(config.name);
  const bool is_it = runs != memory.running.end() && runs->second.record->sha256 == sha256 &&
                     is_isolated(runs->second.config_text) && inline_settings_of(runs->second) == settings_text(config);
  return is_it ? failure : nullptr;
}

/// One that does so already when its probation is asked for is no new version.
bool runs_inline(const std::string& plugin, const std::string& sha256, const Memory& memory) {
  const auto runs = memory.running.find(plugin);
  return runs != memory.running.end() && runs->second.record->sha256 == sha256 &&
         !is_elsewhere(runs->second.config_text);
}

}  // namespace

config::PluginConfigPtr IsolatedConfigs::of(const config::PluginConfigPtr& config) {
  auto& pair = pairs_[config->name];
  if (pair.original != config) {
    auto copy = std::make_shared<config::PluginConfig>(*config);
    copy->placement = config::Placement::isolated;
    pair = {.original = config, .isolated = std::move(copy)};
  }
  return pair.isolated;
}

Placed place(const config::PluginConfigPtr& config, const catalog::Record& record, const Memory& memory,
             IsolatedConfigs& isolated) {
  if (config->placement != config::Placement::in_line) return {.config = config};
  if (const auto* isolation = memory.find_isolation(config->name, record.sha256)) {
    return {.config = isolated.of(config), .why = isolation->reason};
  }
  if (config->isolated_first == 0) return {.config = config};
  if (const auto* failure = find_failed_move(*config, record.sha256, memory)) {
    return {.config = isolated.of(config), .why = "it did not do inline: " + failure->reason};
  }
  if (memory.has_passed(config->name, record.sha256) || runs_inline(config->name, record.sha256, memory)) {
    return {.config = config};
  }
  return {.config = isolated.of(config),
          .why = "it is in probation for " + with_separators(config->isolated_first) + " requests"};
}

Member place(const std::string& plugin, const Member& member, const Memory& memory) {
  if (is_elsewhere(member.config_text)) return member;
  if (memory.find_isolation(plugin, member.record->sha256) == nullptr) return member;
  const auto runs = memory.running.find(plugin);
  if (runs != memory.running.end() && runs->second.record->sha256 == member.record->sha256 &&
      is_isolated(runs->second.config_text) && inline_settings_of(runs->second) == member.config_text) {
    return {.record = member.record, .config_text = runs->second.config_text};  // with what its sandbox is to be
  }
  config::PluginConfig settings;
  read_settings(member.config_text, settings);
  settings.placement = config::Placement::isolated;
  return {.record = member.record, .config_text = settings_text(settings)};
}

std::string inline_settings_of(const Member& member) {
  config::PluginConfig read;
  read_settings(member.config_text, read);
  read.placement = config::Placement::in_line;
  return settings_text(read);
}

std::string with_separators(std::uint64_t number) {
  auto text = std::to_string(number);
  constexpr std::size_t kGroup = 3;
  for (auto end = text.size(); end > kGroup;) {
    end -= kGroup;
    text.insert(end, ",");
  }
  return text;
}

}  // namespace mortise::release
