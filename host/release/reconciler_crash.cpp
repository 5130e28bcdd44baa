// A life of the host that ended by a crash, and releases that were on trial then or at any other end.
#include <algorithm>
#include <string>
#include <utility>

#include "release/crash_policy.hpp"
#include "release/member_finder.hpp"
#include "release/placement.hpp"
#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "release/retain.hpp"
#include "release/settings_text.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

/// Where who crashed the host was on trial, its release is rolled back before anything starts; of any other, its
/// policy says whether it is started again.
void Reconciler::settle_crashes(Former& former) {
  bool is_written = true;
  for (const auto& crash : settings_.crashes) {
    telemetry::log(Level::error, "release", "the host crashed when it ran last",
                   {{"pid", std::to_string(crash.pid)},
                    {"plugin", crash.plugin},
                    {"generation", std::to_string(crash.generation)},
                    {"reason", crash.to_string()}});
    if (crash.plugin.empty() || blame(former, crash)) continue;
    is_written = count(former.memory, crash, Crashed::host) && is_written;
  }
  // What is not written is told again should this process crash as well.
  if (is_written && settings_.on_crashes_settled) settings_.on_crashes_settled();
}

/// False when it cannot be written down.
bool Reconciler::count(Memory& memory, const telemetry::CrashMark& crash, Crashed crashed) {
  MemberFinder finder(records_, *catalog_);
  const auto culprit = finder.find(crash.plugin, {.sha256 = crash.sha256, .config_text = {}});
  if (!culprit) return true;
  const bool is_known = std::any_of(memory.crashes.begin(), memory.crashes.end(), [&](const StoredCrash& known) {
    return known.time_ms == crash.time_ms && known.host == crash.pid;
  });
  if (is_known) return true;  // told once more, by who had not heard that it is written
  memory.crashes.push_back({.plugin = crash.plugin,
                            .sha256 = crash.sha256,
                            .time_ms = crash.time_ms,
                            .host = crash.pid,
                            .signal = crash.signal,
                            .route = crash.route,
                            .evidence = crash.to_string()});
  // The last to be written: while it is not, all of it is told again.
  const auto write_crash = [this, row = memory.crashes.back()] { return history_ && history_->add_crash(row); };
  const auto since = crash.time_ms - std::chrono::milliseconds(kCrashWindow).count();
  const auto recent = memory.crashes_of(crash.plugin, crash.sha256, since).size();
  // A worker that crashes costs nobody but its own clients.
  const auto policy = crashed == Crashed::worker ? config::OnCrash::restart : on_crash_of(crash.plugin);
  const auto consequence = consequence_of(policy, recent);
  if (consequence == config::OnCrash::restart) {
    if (crashed == Crashed::worker) return write_crash();
    telemetry::log(Level::warning, "release", "a plugin that has crashed the host is started again: on_crash says so",
                   {{"plugin", crash.plugin}, {"crashes", std::to_string(recent)}});
    return write_crash();
  }
  const auto how_often = recent > 1 ? ", " + std::to_string(recent) + " times in five minutes" : std::string();
  const auto what = std::string(crashed == Crashed::worker ? "crashed its worker: " : "crashed the host: ") +
                    crash.to_string() + ", at " + to_time(crash.time_ms) + how_often;
  // Another version runs in its place: it was drained, or had not come yet, and isolated it would be asked for anew.
  const auto runs = memory.running.find(crash.plugin);
  const bool is_replaced = runs != memory.running.end() && runs->second.record->sha256 != crash.sha256;
  const bool is_kept = consequence == config::OnCrash::isolate && !is_replaced
                           ? isolate(*culprit, "it " + what, memory)
                           : mark_quarantined(*culprit, tell_of_quarantine(*culprit, what), memory);
  return is_kept && write_crash();
}

/// `what` it has done: "crashed the host: SIGSEGV". What the admin is told, also by the mark.
std::string Reconciler::tell_of_quarantine(const Member& culprit, const std::string& what) {
  const auto& manifest = *culprit.record->manifest;
  auto reason = "'" + manifest.name + "' " + manifest.version.to_string() + " " + what +
                ". Drop another version, or run `mortise pardon " + manifest.name + "` to try it again";
  telemetry::log(Level::error, "release", "plugin is quarantined", {{"plugin", manifest.name}, {"reason", reason}});
  return reason;
}

/// False when it cannot be written down.
bool Reconciler::mark_quarantined(const Member& culprit, const std::string& reason, Memory& memory) {
  return mark({.record = culprit.record, .config_text = {}}, reason, memory);
}

bool Reconciler::count_worker(const telemetry::CrashMark& crash) {
  const auto running = running_.find(crash.plugin);
  const bool is_running = running != running_.end() && running->second->number() == crash.generation;
  static_cast<void>(count(memory_, crash, Crashed::worker));  // what is not written is lost with the host's end
  if (is_running) probations_.begin_anew(crash.plugin, *release_);
  return is_running && memory_.is_quarantined(crash.plugin, memory_.running.at(crash.plugin).second.identity());
}

config::OnCrash Reconciler::on_crash_of(const std::string& plugin) {
  const auto loaded = load_configs();
  const auto found = std::find_if(loaded.plugins.begin(), loaded.plugins.end(),
                                  [&](const config::PluginConfigPtr& one) { return one->name == plugin; });
  return found == loaded.plugins.end() ? settings_.on_crash : (*found)->on_crash.value_or(settings_.on_crash);
}

/// From here on, and whatever its config. False when it cannot be written down.
bool Reconciler::isolate(const Member& culprit, const std::string& reason, Memory& memory) {
  const auto& name = culprit.record->manifest->name;
  const auto& sha256 = culprit.record->sha256;
  telemetry::log(Level::error, "release", "a plugin that has crashed the host is isolated: on_crash says so",
                 {{"plugin", name}, {"reason", reason}});
  auto& isolations = memory.isolations[name];
  std::erase_if(isolations, [&](const Isolation& one) { return one.sha256 == sha256; });
  isolations.push_back({.sha256 = sha256, .reason = reason, .has_run = false});
  return write_isolation(name, isolations.back());
}

/// False, and said, when it cannot be written down.
bool Reconciler::write_isolation(const std::string& plugin, const Isolation& isolation) {
  if (!history_) return false;
  const auto kept = history_->add_placement({.plugin = plugin,
                                             .sha256 = isolation.sha256,
                                             .kind = StoredPlacement::Kind::isolated,
                                             .reason = isolation.reason,
                                             .has_run = isolation.has_run});
  if (kept) return true;
  telemetry::log(
      Level::warning, "release",
      "an isolation cannot be written down; after a restart it runs inline, or as if it had not run isolated",
      {{"plugin", plugin}, {"reason", kept.error().message}});
  return false;
}

/// From then on what goes wrong about it is not for its isolation.
void Reconciler::note_isolated_runs() {
  for (auto& [name, isolations] : memory_.isolations) {
    const auto runs = memory_.running.find(name);
    if (runs == memory_.running.end() || !is_isolated(runs->second.config_text)) continue;
    for (auto& one : isolations) {
      if (one.has_run || one.sha256 != runs->second.record->sha256) continue;
      one.has_run = true;
      write_isolation(name, one);
    }
  }
}

/// Whoever has crashed the host comes back isolated, by a release of its own: as if that had run.
void Reconciler::isolate_former(Former& former, Record record) {
  if (former.memory.isolations.empty()) return;
  const auto configs = load_configs().plugins;
  auto members = former.members;
  std::string cause;
  for (const auto& [name, member] : former.members) {
    auto placed = place(name, member, former.memory);
    if (placed == member) continue;
    const auto own = configs.find(name + ".json");
    // Its sandbox is as its file says.
    if (own != configs.end() && (*own)->config_text == member.config_text) {
      placed.config_text = settings_text(*IsolatedConfigs().of(*own));
    }
    const auto& reason = former.memory.find_isolation(name, member.record->sha256)->reason;
    cause.append(cause.empty() ? "isolation of '" : "; of '").append(name).append("': ").append(reason);
    members.put({name, std::move(placed)});
  }
  if (cause.empty()) return;
  if (record == Record::now) return write_former(former, std::move(members), cause, cause);
  former.members = std::move(members);
  former.memory.running = former.members;
}

/// Of one that is isolated for a crash, and has not run so yet: there is nowhere for it to run where it cannot. What
/// the admin is told then; none: it is no such plugin.
std::optional<std::string> Reconciler::quarantine_stranded(const Member& member, const std::string& trouble) {
  const auto& name = member.record->manifest->name;
  if (!is_stranded(name, member.record->sha256)) return std::nullopt;
  const auto& isolation = *memory_.find_isolation(name, member.record->sha256);
  constexpr std::string_view kSubject = "it ";
  auto reason =
      tell_of_quarantine(member, isolation.reason.substr(kSubject.size()) + ", and it cannot be isolated: " + trouble);
  mark_quarantined(member, reason, memory_);
  return reason;
}

bool Reconciler::is_stranded(const std::string& plugin, const std::string& sha256) const {
  const auto* isolation = memory_.find_isolation(plugin, sha256);
  return isolation != nullptr && !isolation->has_run;
}

/// As if they had not run; a restart after a pardon does not bring them back, the pardon itself does.
void Reconciler::leave_out_quarantined(Former& former) {
  for (const auto members = former.members; const auto& [name, member] : members) {
    if (former.memory.is_quarantined(name, member.identity())) former.members.erase(name);
  }
  former.memory.running = former.members;
}

/// Generations have numbers of their own in each process: only what the one that crashed had on trial can be meant.
/// False when nothing of it was on trial.
bool Reconciler::blame(Former& former, const telemetry::CrashMark& crash) {
  const auto is_meant = [&](const StoredTrial& trial) {
    const auto found = trial.plugins.find(crash.plugin);
    return trial.host == crash.pid && found != trial.plugins.end() && found->second.generation != 0 &&
           found->second.generation == crash.generation;
  };
  const auto found = std::find_if(former.trials.begin(), former.trials.end(), is_meant);
  if (found == former.trials.end()) return false;
  const auto trial = std::move(*found);
  former.trials.erase(found);

  MemberFinder finder(records_, *catalog_);
  const auto culprit = finder.find(crash.plugin, trial.plugins.at(crash.plugin).identity);
  if (!culprit) return true;
  const auto evidence = "it crashed the host: " + crash.to_string();
  if (!trial.is_canary) {
    if (const auto before = recall_former(finder, trial)) rewind(former, *before, *culprit, trial.release, evidence);
    return true;
  }
  const auto [cause, reason] = judge_as_canary(*culprit, trial.release, evidence);
  telemetry::log(Level::error, "release", "canary is given up",
                 {{"release", std::to_string(trial.release)}, {"reason", cause}});
  mark(*culprit, reason, former.memory);
  if (history_) static_cast<void>(history_->fail(trial.release, cause));  // else it shows as interrupted
  return true;
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
  for (const auto& [changed, member] : before) {
    members.erase(changed);
    if (member) members.put({changed, *member});
  }
  write_former(former, std::move(members), cause, reason);
}

/// Has these have run last, by a release of its own. `why` is what its plan says of those that differ.
void Reconciler::write_former(Former& former, Members members, const std::string& cause, const std::string& why) {
  std::vector<Wanted> wanted_members;
  std::map<std::string, std::string> configs;
  for (const auto& [each, member] : members) {
    wanted_members.push_back(as_it_runs(each, member, why));
    configs.emplace(each, member.config_text);
  }
  Desired wanted;
  wanted.set_wanted(std::move(wanted_members));
  const auto plan = make_plan(wanted, former.members);
  if (history_) {
    const auto begun = history_->begin("the host", cause, plan, configs);
    auto written = begun ? history_->apply(*begun, to_stored(former.memory.holds)) : base::Result<void>(begun.error());
    if (begun) number_ = *begun;
    if (!written) {
      telemetry::log(Level::warning, "release",
                     "what a crash has led to cannot be written down; a restart tries the same again",
                     {{"what", cause}, {"reason", written.error().message}});
    }
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
    trials_.begin(std::move(trial), *release_, nullptr, Clock::now());
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
    const auto wanted = desired.wanted.find(name);
    if (plugin.generation == 0 || runs == running_.end() || wanted == desired.wanted.end()) continue;
    if (wanted->identity() != plugin.identity || memory_.running.at(name).second.identity() != plugin.identity)
      continue;
    auto limits = wanted->config->probation;
    const auto left = std::chrono::milliseconds(plugin.until_ms) - now;
    // The clock may have been set back.
    limits.duration = std::min(limits.duration, std::chrono::duration_cast<std::chrono::milliseconds>(left));
    if (limits.duration.count() > 0) subjects.push_back({.generation = runs->second, .limits = limits});
  }
  return subjects;
}

}  // namespace mortise::release
