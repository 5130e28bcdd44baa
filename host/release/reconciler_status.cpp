// What the reconciler tells of plugins, for people.
#include <algorithm>

#include "release/reconciler.hpp"

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
