// Versions that run isolated until they have served enough requests without a fault, and move inline then.
#include <algorithm>
#include <tuple>
#include <utility>

#include "release/placement.hpp"
#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "release/settings_text.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

/// Those that run so for nothing but their probation; whatever has changed about them.
void Reconciler::follow_probations() {
  std::vector<Probations::Subject> subjects;
  for (const auto& name : probational_) {
    const auto runs = running_.find(name);
    if (runs == running_.end()) continue;
    const auto& [record, config_text] = memory_.running.at(name).second;
    const auto& config = *limits_.at(name);
    if (memory_.has_passed(name, record->sha256)) continue;
    if (!is_isolated(config_text)) {
      note_passed(name, record->sha256, "it ran inline when its probation was first asked for");
      continue;
    }
    const bool is_isolated_for_more = memory_.find_isolation(name, record->sha256) != nullptr ||
                                      memory_.find_failure(name, {record->sha256, settings_text(config)}) != nullptr ||
                                      memory_.holds.contains(name);
    if (!is_isolated_for_more) subjects.push_back({.generation = runs->second, .requests = config.isolated_first});
  }
  probations_.follow(std::move(subjects));
}

/// Not while another release has a share of the requests, which would be given up for it.
bool Reconciler::judge_probations() {
  if (canary_) return false;
  const auto passed = probations_.look(*release_);
  for (const auto& subject : passed) {
    if (canary_) break;  // the move before this one has become one: this one has passed at the next look as well
    move_inline(subject);
  }
  return !passed.empty();
}

/// By a release of its own, also where the admin wants to be asked: that is what the plugin's file asks for.
void Reconciler::move_inline(const Probations::Subject& subject) {
  const auto& name = subject.generation->name();
  const auto member = memory_.running.at(name).second;
  const auto served = with_separators(subject.requests) + " requests without a fault";
  note_passed(name, member.record->sha256, served);
  const auto desired = desire_now();
  auto plan = planner_.plan(desired, memory_.running);
  std::erase_if(plan.steps, [&](const Step& step) {
    if (step.plugin != name || step.to_sha256 != member.record->sha256) return true;
    const auto& config = *desired.wanted.at(name).config;
    return settings_text(config) != inline_settings_of(member);
  });
  // What a failed release has left waits on: this move is no part of it.
  auto held_back = std::tuple(held_back_, held_back_by_, held_back_why_);
  // Without a step something else is asked for meanwhile, of which the next pass, or the admin's apply, takes care.
  if (!plan.is_empty()) {
    plan.steps.front().reason = "it has passed its probation: " + served;
    static_cast<void>(carry_out(desired, std::move(plan),
                                {.who = "the host",
                                 .what = "move inline of " + name + ", which has passed its probation: " + served,
                                 .holds = memory_.holds}));
  }
  std::tie(held_back_, held_back_by_, held_back_why_) = std::move(held_back);
  look_again_ = Clock::now();
  follow_probations();
}

void Reconciler::note_passed(const std::string& plugin, const std::string& sha256, const std::string& reason) {
  memory_.passed[plugin].insert(sha256);
  telemetry::log(Level::info, "release", "a version may run inline", {{"plugin", plugin}, {"reason", reason}});
  if (!history_) return;
  const auto kept = history_->add_placement(
      {.plugin = plugin, .sha256 = sha256, .kind = StoredPlacement::Kind::passed, .reason = reason});
  if (kept) return;
  telemetry::log(Level::warning, "release",
                 "that a version has passed its probation cannot be written down; another start of it begins anew",
                 {{"plugin", plugin}, {"reason", kept.error().message}});
}

/// Of one that runs: whether, and by whom, it is isolated.
void Reconciler::report_placement(const runtime::Generation& generation, PluginStatus& plugin) const {
  const auto& [record, config_text] = memory_.running.at(plugin.name).second;
  if (!is_isolated(config_text)) return;
  plugin.isolated_by = PluginStatus::IsolatedBy::plugins_d;
  const auto limits = limits_.find(plugin.name);
  if (limits == limits_.end() || limits->second->placement == config::Placement::isolated) return;
  const auto& config = *limits->second;
  if (config.isolated_first > 0) {
    plugin.isolated_by = PluginStatus::IsolatedBy::probation;
  } else if (memory_.holds.contains(plugin.name)) {
    plugin.isolated_by = PluginStatus::IsolatedBy::hold;
  }
  std::string why;
  plugin.probation = probations_.describe(generation);
  if (const auto* isolation = memory_.find_isolation(plugin.name, record->sha256)) {
    plugin.isolated_by = PluginStatus::IsolatedBy::crash;
    why = "isolated, because " + isolation->reason + "; `mortise pardon " + plugin.name + "` brings it back inline";
  } else if (const auto* failure = memory_.find_failure(plugin.name, {record->sha256, settings_text(config)});
             failure != nullptr && config.isolated_first > 0) {
    why = "isolated, because it did not do inline: " + failure->reason;
  } else if (plugin.probation.requests > 0) {
    why = "in probation: " + with_separators(plugin.probation.served) + " of " +
          with_separators(plugin.probation.requests) + " requests";
  } else if (config.isolated_first > 0 && memory_.has_passed(plugin.name, record->sha256) && !canary_ &&
             !memory_.holds.contains(plugin.name)) {
    why = "it has passed its probation, and may run inline; run `mortise apply`";
  }
  if (!why.empty()) plugin.reason = why + (plugin.reason.empty() ? "" : "; " + plugin.reason);
}

}  // namespace mortise::release
