#include "runtime/failure.hpp"

#include <cstring>
#include <initializer_list>

#include "runtime/abi_values.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

/// The parts one after the other in the scope's arena; empty when that is full: the status alone then has to do.
mortise_str join(mortise_scope& scope, std::initializer_list<std::string_view> parts) {
  std::uint64_t size = 0;
  for (const auto part : parts) size += part.size();
  auto* const text = static_cast<char*>(mortise_arena_allocate(&contracts_table(), &scope, size, 1));
  if (text == nullptr) return {};
  auto* at = text;
  for (const auto part : parts) {
    if (!part.empty()) std::memcpy(at, part.data(), part.size());
    at += part.size();
  }
  return {text, size};
}

/// Whether a failure speaks against who failed, and not against what was asked of it.
bool is_fault(mortise_status status) noexcept {
  return status == MORTISE_INTERNAL || status == MORTISE_UNKNOWN || status == MORTISE_DATA_LOSS;
}

mortise_status record(const Generation& generation, mortise_status status, std::string_view message,
                      std::initializer_list<std::string_view> context) {
  const auto failed = static_cast<mortise_status>(to_code(status));  // a failure, whatever the plugin says
  if (auto* traffic = generation.traffic(); traffic != nullptr && is_fault(failed)) traffic->note_failed_call();
  auto* const scope = Scope::current();
  if (scope == nullptr) return failed;
  auto& table = scope->table();
  table.failure = {.status = failed, .reserved = 0, .message = join(table, {message}), .context = join(table, context)};
  return failed;
}

}  // namespace

mortise_status fail_call(const Generation& generation, mortise_status status, std::string_view method,
                         std::string_view message, std::string_view context) {
  // The innermost first: what is behind this failure comes before it.
  return record(
      generation, status, message,
      {context, context.empty() ? "" : "; ", generation.name(), " ", generation.version_text(), ": ", method});
}

mortise_status take_failure(const Generation& generation, mortise_status status, std::string_view message,
                            std::string_view context) {
  return record(generation, status, message, {context});
}

/// What is in another process already calls from there, with a crossing; and whose code runs in this one is never away.
void note_unbegun(const Generation& generation) noexcept {
  auto* const scope = Scope::current();
  if (scope == nullptr || scope->crossings() > 0 || scope->cone()->entry.get() != &generation) return;
  scope->note_unbegun();
}

}  // namespace mortise::runtime
