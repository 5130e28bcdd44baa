#include "admin/control_json.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>
#include <nlohmann/json.hpp>

#include "base/process_memory.hpp"

namespace mortise::admin {
namespace {

using nlohmann::ordered_json;

template <class List, class Convert>
ordered_json list_of(const List& items, const Convert& convert) {
  auto list = ordered_json::array();
  for (const auto& item : items) list.push_back(convert(item));
  return list;
}

ordered_json from_step(const release::Step& step) {
  return {{"kind", release::to_string(step.kind)},
          {"plugin", step.plugin},
          {"from_version", step.from_version},
          {"to_version", step.to_version},
          {"from_sha256", step.from_sha256},
          {"to_sha256", step.to_sha256},
          {"reason", step.reason},
          {"contracts", step.contracts},
          {"affected", step.affected}};
}

ordered_json from_refusal(const release::Refusal& refusal) {
  return {{"plugin", refusal.plugin},
          {"reason", refusal.reason},
          {"exhibit", refusal.exhibit},
          {"keeps_running", refusal.keeps_running}};
}

ordered_json from_subscription(const SubscriptionStatus& subscription) {
  return {{"topic", subscription.topic},         {"publisher", subscription.publisher},
          {"delivered", subscription.delivered}, {"failed", subscription.failed},
          {"lost", subscription.lost},           {"waiting", subscription.waiting},
          {"retrying", subscription.retrying},   {"dead", subscription.dead}};
}

ordered_json from_task_counts(const TaskCounts& task) {
  return {{"name", task.name},
          {"waiting", task.waiting},
          {"running", task.running},
          {"ran", task.ran},
          {"failed", task.failed}};
}

std::string to_time(std::int64_t since_1970_ms) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp(since_1970_ms * 1000), "%Y-%m-%dT%H:%M:%SZ");
}

ordered_json from_dead_event(const DeadEvent& event) {
  return {{"id", event.publisher + ":" + std::to_string(event.number)},
          {"plugin", event.subscriber},
          {"publisher", event.publisher},
          {"topic", event.topic},
          {"key", event.key},
          {"attempts", event.attempts},
          {"time", to_time(event.tried_ms)},
          {"error", event.error}};
}

ordered_json from_left_out(const DeadEvents::LeftOut& one) {
  return {{"plugin", one.subscriber}, {"publisher", one.publisher}, {"count", one.count}};
}

ordered_json from_task_handler(const TaskHandlerStatus& one) {
  return {{"handler", one.handler},
          {"handled", one.is_handled},
          {"running", one.running},
          {"waiting", one.waiting},
          {"failing", one.failing},
          {"dead", one.dead},
          {"next", one.next_ms == 0 ? "" : to_time(one.next_ms)}};
}

ordered_json from_tried_task(const TriedTaskStatus& one) {
  return {{"id", one.id},
          {"handler", one.handler},
          {"name", one.name},
          {"state", one.is_dead ? "dead" : "failing"},
          {"attempts", one.attempts},
          {"time", to_time(one.tried_ms)},
          {"next", one.is_dead ? "" : to_time(one.due_ms)},
          {"error", one.error}};
}

ordered_json from_change(const release::HistoryEntry::Change& change) {
  return {{"plugin", change.plugin},
          {"kind", change.kind},
          {"from_version", change.from_version},
          {"to_version", change.to_version}};
}

ordered_json from_entry(const release::HistoryEntry& entry) {
  return {{"release", entry.release},
          {"time", entry.time},
          {"who", entry.who},
          {"what", entry.what},
          {"result", entry.result},
          {"reason", entry.reason},
          {"changes", list_of(entry.changes, from_change)}};
}

/// Of one that does not run all is 0, and the circuit unknown.
ordered_json from_containment(const std::optional<runtime::ContainmentReport>& given) {
  const auto containment = given.value_or(runtime::ContainmentReport());
  return {{"circuit", given ? runtime::to_string(containment.circuit) : ""},
          {"in_flight", containment.in_flight},
          {"waiting", containment.waiting},
          {"stuck", containment.stuck},
          {"failures", containment.failures},
          {"timeouts", containment.timeouts},
          {"rejected", containment.rejected},
          {"short_circuited", containment.short_circuited},
          {"circuit_opened", containment.circuit_opened},
          {"lines_dropped", containment.lines_dropped}};
}

/// Of one that has never crashed the host all is 0 or empty.
ordered_json from_crashes(const release::CrashStatus& crashes) {
  return {{"count", crashes.count},
          {"time", crashes.time},
          {"signal", crashes.signal},
          {"route", crashes.route},
          {"reason", crashes.evidence}};
}

const char* to_string(release::PluginStatus::IsolatedBy by) {
  switch (by) {
    case release::PluginStatus::IsolatedBy::nobody: return "";
    case release::PluginStatus::IsolatedBy::plugins_d: return "plugins.d";
    case release::PluginStatus::IsolatedBy::crash: return "crash";
    case release::PluginStatus::IsolatedBy::probation: return "probation";
    case release::PluginStatus::IsolatedBy::hold: return "hold";
  }
  return "";
}

/// Asked of the system as the answer is made: nobody has to keep count of it.
ordered_json from_process_memory(pid_t process) {
  const auto memory = base::memory_of(process);
  return {{"resident_bytes", memory.resident_bytes},
          {"allocated_bytes", memory.allocated_bytes},
          {"limit_bytes", memory.limit_bytes}};
}

/// Of one that runs in a process of its own, or not at all, all is 0.
ordered_json from_memory(const std::optional<release::MemoryStatus>& given) {
  const auto memory = given.value_or(release::MemoryStatus());
  return {{"heap_bytes", memory.use.heap},
          {"arena_bytes", memory.use.arena},
          {"buffer_bytes", memory.use.buffers},
          {"limit_bytes", memory.limit_bytes},
          {"is_over", memory.is_over}};
}

/// Of one that runs in the host process, or not at all, all is 0 or empty.
ordered_json from_process(const std::optional<loader::ProcessReport>& given) {
  const auto process = given.value_or(loader::ProcessReport());
  auto sandbox = ordered_json::array();
  for (const auto& guard : process.sandbox) sandbox.push_back({{"name", guard.name}, {"missing", guard.missing}});
  auto replicas = ordered_json::array();
  for (const auto& other : process.replicas) replicas.push_back(from_process(other));
  return {{"pid", process.pid},
          {"restarts", process.restarts},
          {"trouble", process.trouble},
          {"memory", from_process_memory(process.pid)},
          {"sandbox", std::move(sandbox)},
          {"replicas", std::move(replicas)}};
}

/// Of one that runs in this host, or not at all, all is 0 or empty.
ordered_json from_host(const std::optional<loader::HostReport>& given) {
  const auto host = given.value_or(loader::HostReport());
  return {{"url", host.url},           {"calls", host.calls},     {"retries", host.retries},
          {"failures", host.failures}, {"circuit", host.circuit}, {"trouble", host.trouble}};
}

const char* placement_of(const release::PluginStatus& plugin) {
  if (plugin.generation == 0) return "";
  if (plugin.remote) return "remote";
  return plugin.process ? "isolated" : "inline";
}

ordered_json from_plugin(const release::PluginStatus& plugin) {
  return {{"name", plugin.name},
          {"version", plugin.version},
          {"generation", plugin.generation},
          {"state", plugin.state},
          {"reason", plugin.reason},
          {"sha256", plugin.sha256},
          {"degraded", plugin.containment ? plugin.containment->degraded : ""},
          {"containment", from_containment(plugin.containment)},
          {"crashes", from_crashes(plugin.crashes)},
          {"placement", placement_of(plugin)},
          {"isolated_by", to_string(plugin.isolated_by)},
          {"probation", {{"served", plugin.probation.served}, {"requests", plugin.probation.requests}}},
          {"memory", from_memory(plugin.memory)},
          {"worker", from_process(plugin.process)},
          {"remote", from_host(plugin.remote)}};
}

ordered_json from_observed(const release::ObservationReport::Plugin& plugin) {
  return {{"name", plugin.status.name},
          {"version", plugin.status.version},
          {"placement", placement_of(plugin.status)},
          {"requests", plugin.requests}};
}

ordered_json from_calls(const runtime::ObservedPair& calls) {
  return {{"consumer", calls.pair.consumer},
          {"provider", calls.pair.provider},
          {"contract", calls.pair.contract},
          {"methods", list_of(calls.methods, [](const runtime::ObservedPair::Method& method) -> ordered_json {
             return {{"name", method.name},
                     {"calls", method.calls},
                     {"failures", method.failures},
                     {"time_ns", method.taken.count()},
                     {"request_bytes", method.request_bytes},
                     {"reply_bytes", method.reply_bytes}};
           })}};
}

ordered_json from_unobserved(const runtime::UnobservedPair& unobserved) {
  return {{"consumer", unobserved.pair.consumer},
          {"provider", unobserved.pair.provider},
          {"contract", unobserved.pair.contract},
          {"reason", unobserved.reason}};
}

/// A file whose manifest could not be read has no plugin and no version: both are empty.
ordered_json from_file(const catalog::RecordPtr& file) {
  const auto* manifest = file->manifest.get();
  return {{"path", file->path},
          {"state", catalog::to_string(file->state)},
          {"reason", file->reason},
          {"sha256", file->sha256},
          {"plugin", manifest == nullptr ? "" : manifest->name},
          {"version", manifest == nullptr ? "" : manifest->version.to_string()},
          {"notes", file->notes}};
}

ordered_json from_left_mapped(const release::LeftMappedStatus::Image& image) {
  return {{"plugin", image.plugin},
          {"version", image.version},
          {"sha256", image.sha256},
          {"count", image.count},
          {"reason", image.reason}};
}

}  // namespace

ordered_json to_json(const release::Plan& plan) {
  return {{"steps", list_of(plan.steps, from_step)}, {"refusals", list_of(plan.refusals, from_refusal)}};
}

ordered_json to_json(const release::Outcome& outcome) {
  return {{"result", release::to_string(outcome.result)},
          {"release", outcome.release},
          {"reason", outcome.reason},
          {"plan", to_json(outcome.plan)}};
}

ordered_json to_json(const std::vector<release::HistoryEntry>& history) {
  return {{"entries", list_of(history, from_entry)}};
}

ordered_json to_json(const release::LeftMappedStatus& left_mapped) {
  return {{"count", left_mapped.count},
          {"limit", left_mapped.limit},
          {"warning", left_mapped.warning},
          {"images", list_of(left_mapped.images, from_left_mapped)}};
}

ordered_json to_json(const release::Status& status) {
  return {{"release", status.release},
          {"plugins", list_of(status.plugins, from_plugin)},
          {"files", list_of(status.files, from_file)},
          {"left_mapped", to_json(status.left_mapped)}};
}

ordered_json to_json(const release::ObservationReport& report) {
  return {{"window_ms", report.window.count()},
          {"ended_early", report.ended_early},
          {"requests", report.requests},
          {"plugins", list_of(report.plugins, from_observed)},
          {"calls", list_of(report.calls, from_calls)},
          {"not_counted", list_of(report.unobserved, from_unobserved)}};
}

ordered_json to_json(const UpgradeOutcome& outcome) {
  return {{"result", outcome.is_upgraded ? "upgraded" : "failed"}, {"pid", outcome.pid}, {"reason", outcome.reason}};
}

ordered_json to_json(const std::vector<SubscriptionStatus>& subscriptions) {
  return {{"subscriptions", list_of(subscriptions, from_subscription)}};
}

ordered_json to_json(const std::vector<TaskCounts>& counts) { return {{"counts", list_of(counts, from_task_counts)}}; }

ordered_json to_json(const DeadEvents& dead) {
  return {{"events", list_of(dead.events, from_dead_event)}, {"left_out", list_of(dead.left_out, from_left_out)}};
}

ordered_json to_json(const TasksStatus& tasks) {
  return {{"handlers", list_of(tasks.handlers, from_task_handler)}, {"tasks", list_of(tasks.tried, from_tried_task)}};
}

}  // namespace mortise::admin
