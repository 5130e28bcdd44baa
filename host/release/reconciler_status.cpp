// What the reconciler tells of plugins, for people.
#include <algorithm>
#include <utility>

#include "release/placement.hpp"
#include "release/reconciler.hpp"
#include "release/settings_text.hpp"

namespace mortise::release {

CrashStatus Reconciler::crashes_of(const PluginStatus& plugin) const {
  const auto crashes = memory_.crashes_of(plugin.name, plugin.sha256);
  if (crashes.empty()) return {};
  const auto& last = *crashes.back();
  return {.count = crashes.size(),
          .time = to_time(last.time_ms),
          .signal = last.signal,
          .route = last.route,
          .evidence = last.evidence};
}

/// The limit is in force for a process of the plugin's own; of those here somebody is told.
void Reconciler::follow_memory() {
  std::vector<MemoryAlarms::Subject> subjects;
  for (const auto& name : memory_limited_) {
    const auto runs = running_.find(name);
    if (runs == running_.end() || is_elsewhere(memory_.running.at(name).second.config_text)) continue;
    subjects.push_back(
        {.plugin = name, .account = &runs->second->memory(), .limit_bytes = limits_.at(name)->sandbox.memory_bytes});
  }
  memory_alarms_.follow(std::move(subjects));
}

void Reconciler::report_memory(const runtime::Generation& generation, PluginStatus& plugin) const {
  if (is_elsewhere(memory_.running.at(plugin.name).second.config_text)) return;
  plugin.memory = memory_alarms_.describe(plugin.name, generation.memory());
  if (!plugin.memory->is_over) return;
  plugin.reason = "it has taken more memory than limits.memory_bytes, " + with_separators(plugin.memory->limit_bytes) +
                  " bytes" + (plugin.reason.empty() ? "" : "; " + plugin.reason);
}

Status Reconciler::status() const {
  Status status{.release = number_, .plugins = {}, .files = records_};
  for (const auto& [name, generation] : running_) {
    status.plugins.push_back(describe(*generation));
    const auto is_it = [&running = name](const Unmet& unmet) {
      return unmet.name == running && unmet.kind != Unmet::Kind::failed;
    };
    status.plugins.back().reason = trials_.describe(*generation);
    const auto unmet = std::find_if(unmet_.begin(), unmet_.end(), is_it);
    if (unmet != unmet_.end()) status.plugins.back().reason = "runs on as it was: " + unmet->reason;
    const auto hold = memory_.holds.find(name);
    if (hold != memory_.holds.end()) status.plugins.back().reason = "held: " + hold->second.reason;
    report_placement(*generation, status.plugins.back());
    report_memory(*generation, status.plugins.back());
  }
  for (const auto& [name, failures] : memory_.failures) {
    for (const auto& failure : failures) {
      const auto& record = *failure.member.record;
      status.plugins.push_back({.name = name,
                                .version = record.manifest->version.to_string(),
                                .generation = 0,
                                .state = failure.is_quarantined() ? "quarantined" : "failed",
                                .reason = failure.reason,
                                .sha256 = record.sha256});
    }
  }
  for (const auto& unmet : unmet_) {
    if (unmet.kind == Unmet::Kind::failed || running_.contains(unmet.name)) continue;
    status.plugins.push_back({.name = unmet.name,
                              .version = {},
                              .generation = 0,
                              .state = unmet.kind == Unmet::Kind::waiting ? "waiting" : "refused",
                              .reason = unmet.reason,
                              .sha256 = {}});
  }
  for (auto& plugin : status.plugins) plugin.crashes = crashes_of(plugin);
  if (canary_) report_canary(status.plugins);
  drains_.report(status.plugins);
  status.left_mapped = drains_.left_mapped();
  return status;
}

}  // namespace mortise::release
