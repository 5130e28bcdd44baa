#include "tasks/task_body.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::tasks {
namespace {

constexpr std::size_t kMostReasonBytes = 300;

/// As many lines as the plugin itself may write.
void log_failure(const runtime::Generation& generation, const TaskTitle& title, const Verdict& failed) {
  const auto admitted = generation.containment().log_limit().admit(std::chrono::steady_clock::now());
  if (!admitted.is_admitted) return;
  telemetry::log(telemetry::Level::warning, "tasks", "a task failed",
                 {{"task", title.name},
                  {"id", title.id},
                  {"status", base::to_string(runtime::to_code(failed.status))},
                  {"reason", failed.reason}});
}

}  // namespace

Verdict run_body(const runtime::ConePtr& cone, const TaskTitle& title, const Body& body) {
  const auto& generation = *cone->entry;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  std::string text(1024, '\0');
  mortise_error error{.struct_size = sizeof error,
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  runtime::Scope scope(cone);
  Verdict verdict{.status = MORTISE_INTERNAL};
  try {
    verdict.status = body(&error);
  } catch (...) {  // NOLINT(bugprone-empty-catch): a failure like another
  }
  if (verdict.status == MORTISE_OK) return verdict;
  text.resize(std::min<std::size_t>(error.size, text.size()));
  const auto& failure = scope.table().failure;
  const auto why =
      text.empty() && failure.status == verdict.status ? runtime::to_view(failure.message) : std::string_view(text);
  verdict.reason = base::printable(why, kMostReasonBytes);
  verdict.has_begun = scope.has_begun();
  if (verdict.has_begun) log_failure(generation, title, verdict);
  return verdict;
}

std::string pool_owner(const runtime::Generation& generation) {
  return generation.name() + '/' + generation.number_text();
}

}  // namespace mortise::tasks
