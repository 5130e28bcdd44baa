// After the switch: who is on trial, and the way back when one does not pass.
#include <algorithm>
#include <utility>

#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

bool replaces(const Step& step) { return step.kind != Step::Kind::start && step.kind != Step::Kind::stop; }

}  // namespace

/// What runs of those that the plan changes.
Reconciler::FormerMembers Reconciler::former_of(const Plan& plan) const {
  FormerMembers former;
  for (const auto& step : plan.steps) {
    const auto running = memory_.running.find(step.plugin);
    former.emplace(step.plugin,
                   running == memory_.running.end() ? std::nullopt : std::optional<Member>(running->second));
  }
  return former;
}

/// What the plan changes, and the generations that have to prove themselves: those that replace others, where there is
/// something to go back to.
Trial Reconciler::make_trial(const Plan& plan, const Desired& desired, const Next& next, bool is_on_trial) const {
  Trial trial;
  trial.former = former_of(plan);
  for (const auto& step : plan.steps) {
    if (!is_on_trial || !replaces(step)) continue;
    const auto& limits = desired.wanted.at(step.plugin).config->probation;
    if (limits.duration.count() == 0) continue;
    trial.subjects.push_back({.generation = next.generations.at(step.plugin).second, .limits = limits});
  }
  return trial;
}

bool Reconciler::do_chores() {
  bool has_changed = drains_.cut_overdue();
  has_changed |= end_due_observation();
  if (!release_) return has_changed;
  while (auto verdict = trials_.judge(*release_)) {
    revert(*verdict);
    has_changed = true;
  }
  for (const auto release : trials_.end_passed(Clock::now())) {
    has_changed = true;
    telemetry::log(Level::info, "release", "release has passed its trial", {{"release", std::to_string(release)}});
    if (history_) static_cast<void>(history_->end_trial(release));  // at worst it is on trial once more
  }
  has_changed |= judge_probations();
  has_changed |= memory_alarms_.look(Clock::now());
  return judge_canary() || has_changed;
}

std::optional<Reconciler::Clock::time_point> Reconciler::next_chores() const {
  auto next = drains_.next_cut();
  const auto consider = [&](const std::optional<Clock::time_point>& other) {
    if (other && (!next || *other < *next)) next = other;
  };
  consider(trials_.next_look());
  consider(probations_.next_look());
  consider(memory_alarms_.next_look());
  if (observation_) consider(observation_->until());
  if (canary_) {
    consider(canary_->until);
    consider(canary_->trials.next_look());
  }
  return next;
}

/// Back to what ran before the release, as far as nothing has changed it since.
void Reconciler::revert(const Trials::Verdict& verdict) {
  const auto& [trial, culprit, evidence] = verdict;
  const auto member = memory_.running.at(culprit->name()).second;
  const auto [cause, reason] = judge(member, trial.release, evidence);
  if (history_) static_cast<void>(history_->end_trial(trial.release));
  mark(member, reason, memory_);
  look();
  auto memory = memory_;
  hold_former(trial.former, culprit->name(), reason, memory);
  const auto desired = desire_with(memory);
  const auto outcome =
      carry_out(desired, planner_.plan(desired, memory_.running),
                {.who = "the host", .what = cause, .holds = memory.holds, .is_on_trial = false, .must_come = true});
  const auto runs = running_.find(culprit->name());
  if (runs == running_.end() || runs->second != culprit) return;
  for (const auto& [name, former] : trial.former) memory_.holds.erase(name);  // nothing is held
  if (history_) static_cast<void>(history_->set_holds(to_stored(memory_.holds)));
  follow_probations();
  telemetry::log(Level::error, "release", "what did not pass its trial runs on: the way back is barred",
                 {{"release", std::to_string(trial.release)},
                  {"reason", outcome.reason.empty() ? reason_why_kept(culprit->name()) : outcome.reason}});
}

/// As long as nothing else is asked for: of the culprit itself, and of the others, which came with it.
void Reconciler::hold_former(const FormerMembers& former, const std::string& culprit, const std::string& reason,
                             Memory& memory) {
  const auto choices = identities_of(desire_with(memory).choices);
  for (const auto& [name, member] : former) {
    const auto choice = choices.find(name);
    memory.holds.insert_or_assign(name, Hold{.member = member,
                                             .instead_of = choice == choices.end() ? Identity{} : choice->second,
                                             .reason = reason,
                                             .together = name == culprit ? "" : culprit});
  }
}

Reconciler::Judgement Reconciler::judge(const Member& culprit, std::uint64_t release, const std::string& evidence) {
  const auto& manifest = *culprit.record->manifest;
  const auto number = std::to_string(release);
  const auto text = "'" + manifest.name + "' " + manifest.version.to_string() + " did not pass its trial: " + evidence;
  telemetry::log(Level::error, "release", "release is rolled back",
                 {{"release", number}, {"plugin", manifest.name}, {"reason", text}});
  return {.cause = "rollback of release " + number + ": " + text,
          .reason = text + "; release " + number +
                    " was rolled back. Drop another version, change its config, or run `mortise pardon " +
                    manifest.name + "` to try it again"};
}

/// So that it is not tried again by itself, after a restart neither. False when it cannot be written down.
bool Reconciler::mark(const Member& culprit, const std::string& reason, Memory& memory) {
  const auto& name = culprit.record->manifest->name;
  auto& failures = memory.failures[name];
  // What could not be written down is told once more.
  std::erase_if(failures, [&](const Failure& failure) {
    return failure.is_marked && failure.member.identity() == culprit.identity();
  });
  failures.push_back({.member = culprit, .reason = reason, .against = {}, .is_marked = true});
  if (!history_) return false;
  const auto kept = history_->mark({.plugin = name, .identity = culprit.identity(), .reason = reason});
  if (kept) return true;
  telemetry::log(Level::warning, "release", "a mark cannot be written down; after a restart it is tried again",
                 {{"plugin", name}, {"reason", kept.error().message}});
  return false;
}

/// Who would lose a contract by what was asked for, in the words of the refusal.
std::string Reconciler::reason_why_kept(const std::string& plugin) const {
  const auto is_it = [&](const Unmet& unmet) { return unmet.name == plugin && unmet.kind == Unmet::Kind::refused; };
  const auto found = std::find_if(unmet_.begin(), unmet_.end(), is_it);
  return found == unmet_.end() ? "another plugin that runs needs it" : found->reason;
}

base::Result<Outcome> Reconciler::pardon(const std::string& plugin, const std::string& who) {
  const auto found = memory_.failures.find(plugin);
  const auto is_marked = [](const Failure& failure) { return failure.is_marked; };
  const bool has_marks =
      found != memory_.failures.end() && std::any_of(found->second.begin(), found->second.end(), is_marked);
  if (!has_marks && !memory_.isolations.contains(plugin)) {
    return base::Error{base::ErrorCode::not_found, "no version of '" + plugin +
                                                       "' is marked, or isolated for a crash; `mortise status` shows "
                                                       "those that are"};
  }
  if (history_) {
    if (const auto taken = history_->pardon(plugin); !taken) return taken.error();
  }
  if (has_marks) std::erase_if(found->second, is_marked);
  memory_.isolations.erase(plugin);
  std::erase_if(memory_.crashes, [&](const StoredCrash& crash) { return crash.plugin == plugin; });
  look();
  const auto desired = desire_now();
  auto plan = planner_.plan(desired, memory_.running);
  for (auto& step : plan.steps) {
    if (step.plugin == plugin && step.kind == Step::Kind::reconfigure) step.reason = "it is pardoned by " + who;
  }
  auto outcome =
      carry_out(desired, std::move(plan), {.who = who, .what = "pardon of " + plugin, .holds = memory_.holds});
  follow_probations();  // also of one that stays where it is, isolated: for its probation alone from here on
  return outcome;
}

}  // namespace mortise::release
