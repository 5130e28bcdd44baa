// A life of the host that ended by a crash, and releases that were on trial then or at any other end.
#include <algorithm>
#include <string>
#include <utility>

#include "release/member_finder.hpp"
#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "release/retain.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

/// Where who crashed the host was on trial, its release is rolled back before anything starts.
void Reconciler::settle_crashes(Former& former) {
  for (const auto& crash : telemetry::take_crash_marks(settings_.state_directory)) {
    telemetry::log(Level::error, "release", "the host crashed when it ran last",
                   {{"pid", std::to_string(crash.pid)},
                    {"plugin", crash.plugin},
                    {"generation", std::to_string(crash.generation)},
                    {"reason", crash.to_string()}});
    blame(former, crash);
  }
}

/// Generations have numbers of their own in each process: only what the one that crashed had on trial can be meant.
void Reconciler::blame(Former& former, const telemetry::CrashMark& crash) {
  const auto is_meant = [&](const StoredTrial& trial) {
    const auto found = trial.plugins.find(crash.plugin);
    return trial.host == crash.pid && found != trial.plugins.end() && found->second.generation != 0 &&
           found->second.generation == crash.generation;
  };
  const auto found = std::find_if(former.trials.begin(), former.trials.end(), is_meant);
  if (found == former.trials.end()) return;
  const auto trial = std::move(*found);
  former.trials.erase(found);

  MemberFinder finder(records_, *catalog_);
  const auto culprit = finder.find(crash.plugin, trial.plugins.at(crash.plugin).identity);
  if (!culprit) return;
  const auto evidence = "it crashed the host: " + crash.to_string();
  if (!trial.is_canary) {
    if (const auto before = recall_former(finder, trial)) rewind(former, *before, *culprit, trial.release, evidence);
    return;
  }
  const auto [cause, reason] = judge_as_canary(*culprit, trial.release, evidence);
  telemetry::log(Level::error, "release", "canary is given up",
                 {{"release", std::to_string(trial.release)}, {"reason", cause}});
  mark(*culprit, reason, former.memory);
  if (history_) static_cast<void>(history_->fail(trial.release, cause));  // else it shows as interrupted
}

/// None when one of them is lost, which is said: then there is no way back.
std::optional<Reconciler::FormerMembers> Reconciler::recall_former(MemberFinder& finder, const StoredTrial& trial) {
  FormerMembers former;
  for (const auto& [name, plugin] : trial.plugins) {
    auto& member = former[name];
    if (plugin.former && !(member = finder.find(name, *plugin.former))) return std::nullopt;
  }
  return former;
}

/// As if the release had never been, but for what is known of the culprit.
void Reconciler::rewind(Former& former, const FormerMembers& before, const Member& culprit, std::uint64_t release,
                        const std::string& evidence) {
  const auto [cause, reason] = judge(culprit, release, evidence);
  mark(culprit, reason, former.memory);
  hold_former(before, culprit.record->manifest->name, reason, former.memory);

  Members members = former.members;
  Desired wanted;
  for (const auto& [changed, member] : before) {
    members.erase(changed);
    if (member) members.emplace(changed, *member);
  }
  std::map<std::string, std::string> configs;
  for (const auto& [each, member] : members) {
    wanted.wanted.push_back(as_it_runs(each, member, reason));
    configs.emplace(each, member.config_text);
  }
  const auto plan = make_plan(wanted, former.members);
  const auto begun = history_->begin("the host", cause, plan, configs);
  auto written = begun ? history_->apply(*begun, to_stored(former.memory.holds)) : base::Result<void>(begun.error());
  if (begun) number_ = *begun;
  if (!written) {
    telemetry::log(Level::warning, "release", "the rollback cannot be written down; a restart tries the release again",
                   {{"reason", written.error().message}});
  }
  former.members = std::move(members);
  former.memory.running = former.members;
}

/// Each goes on for the time that is left of it, and counts anew. A canary begins anew of itself.
void Reconciler::resume_trials(const std::vector<StoredTrial>& trials, const Desired& desired) {
  if (trials.empty()) return;
  MemberFinder finder(records_, *catalog_);
  std::vector<StoredTrial> resumed;
  for (const auto& stored : trials) {
    auto former = stored.is_canary ? std::nullopt : recall_former(finder, stored);
    if (!former) continue;
    Trial trial{.release = stored.release, .subjects = subjects_of(stored, desired), .former = std::move(*former)};
    if (trial.subjects.empty()) continue;
    resumed.push_back(to_stored(trial));
    trials_.begin(std::move(trial), *release_, Clock::now());
  }
  if (!history_) return;
  if (const auto written = history_->set_trials(resumed); !written) {
    telemetry::log(Level::warning, "release",
                   "what is on trial cannot be written down; after a crash it is tried again",
                   {{"reason", written.error().message}});
  }
}

/// Those that run as the release has them, and whose time is not over.
std::vector<Trial::Subject> Reconciler::subjects_of(const StoredTrial& trial, const Desired& desired) const {
  std::vector<Trial::Subject> subjects;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  for (const auto& [name, plugin] : trial.plugins) {
    const auto runs = running_.find(name);
    const auto wanted = std::find_if(desired.wanted.begin(), desired.wanted.end(),
                                     [&, &name = name](const Wanted& one) { return one.name() == name; });
    if (plugin.generation == 0 || runs == running_.end() || wanted == desired.wanted.end()) continue;
    if (wanted->identity() != plugin.identity || memory_.running.at(name).identity() != plugin.identity) continue;
    auto limits = wanted->config->probation;
    const auto left = std::chrono::milliseconds(plugin.until_ms) - now;
    // The clock may have been set back.
    limits.duration = std::min(limits.duration, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    if (limits.duration.count() > 0) subjects.push_back({.generation = runs->second, .limits = limits});
  }
  return subjects;
}

}  // namespace mortise::release
