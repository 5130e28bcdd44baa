#include "tasks_control.hpp"

#include "telemetry/log.hpp"

namespace mortise {

base::Result<std::vector<admin::TaskCounts>> TasksControl::counts(const std::string& plugin) {
  std::vector<admin::TaskCounts> all;
  for (const auto& one : tasks_.report(plugin)) {
    all.push_back(
        {.name = one.name, .waiting = one.waiting, .running = one.running, .ran = one.ran, .failed = one.failed});
  }
  return all;
}

base::Result<admin::TasksStatus> TasksControl::tasks(const std::string& plugin) {
  const auto report = tasks_.durable().report(plugin);
  if (!report) return report.error();
  admin::TasksStatus status;
  for (const auto& one : report->handlers) {
    status.handlers.push_back({.handler = one.handler,
                               .is_handled = one.is_handled,
                               .running = one.running,
                               .waiting = one.counts.waiting,
                               .failing = one.counts.failing,
                               .dead = one.counts.dead,
                               .next_ms = one.counts.next_ms});
  }
  for (const auto& one : report->tried) {
    status.tried.push_back({.id = one.id,
                            .handler = one.handler,
                            .name = one.name,
                            .attempts = one.attempts,
                            .tried_ms = one.tried_ms,
                            .due_ms = one.due_ms,
                            .is_dead = one.is_dead,
                            .error = one.error});
  }
  return status;
}

base::Result<std::uint64_t> TasksControl::replay(const std::string& plugin, std::optional<std::int64_t> id,
                                                 const std::string& who) {
  auto replayed = tasks_.durable().replay(plugin, id);
  if (replayed) {
    telemetry::log(telemetry::Level::info, "tasks", "dead tasks replayed",
                   {{"plugin", plugin}, {"count", std::to_string(*replayed)}, {"who", who}});
  }
  return replayed;
}

base::Result<bool> TasksControl::discard(const std::string& plugin, std::int64_t id, const std::string& who) {
  auto discarded = tasks_.durable().discard(plugin, id);
  if (discarded && *discarded) {
    telemetry::log(telemetry::Level::info, "tasks", "task discarded",
                   {{"plugin", plugin}, {"id", std::to_string(id)}, {"who", who}});
  }
  return discarded;
}

}  // namespace mortise
