// A release after the first: whole or not at all.
#include <algorithm>
#include <utility>

#include "release/placement.hpp"
#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

/// What the plan makes of each plugin; nothing of those that it stops.
Identities results_of(const Plan& plan, const Desired& desired) {
  Identities results;
  for (const auto& step : plan.steps) {
    results.emplace(step.plugin,
                    step.kind == Step::Kind::stop ? Identity{} : desired.wanted.at(step.plugin).identity());
  }
  return results;
}

std::map<std::string, std::string> configs_of(const Plan& plan, const Desired& desired) {
  std::map<std::string, std::string> configs;
  for (auto& [name, identity] : results_of(plan, desired)) configs.emplace(name, identity.config_text);
  return configs;
}

void warn_of_record(const base::Error& error) {
  telemetry::log(Level::warning, "release", "this release cannot be written down; a restart may not bring it back",
                 {{"reason", error.message}});
}

}  // namespace

const char* to_string(Outcome::Result result) {
  switch (result) {
    case Outcome::Result::applied: return "applied";
    case Outcome::Result::unchanged: return "unchanged";
    case Outcome::Result::failed: return "failed";
    case Outcome::Result::canary: return "canary";
  }
  return "unknown";
}

Outcome Reconciler::apply(const std::string& who) {
  if (canary_) {
    look();
    const auto desired = desire_now();
    set_limits(desired);
    if (is_canary(desired)) return promote();
  }
  held_back_.clear();
  const auto holds = std::exchange(memory_.holds, {});
  look();
  auto desired = desire_now();
  set_limits(desired);
  auto plan = planner_.plan(desired, memory_.running);
  if (plan.is_empty() && !memory_.failures.empty()) {
    for (auto& [name, failures] : memory_.failures) {
      std::erase_if(failures, [](const Failure& failure) { return !failure.is_marked; });
    }
    desired = desire_now();
    plan = planner_.plan(desired, memory_.running);
  }
  auto outcome = carry_out(desired, std::move(plan), {.who = who, .what = "apply", .holds = {}});
  if (outcome.result == Outcome::Result::failed) memory_.holds = holds;
  if (canary_) canary_->former_holds = holds;
  return outcome;
}

base::Result<Outcome> Reconciler::rollback(std::optional<std::uint64_t> release, const std::string& who) {
  if (canary_ && !release) return turn_back(who);
  if (!history_)
    return base::Error{base::ErrorCode::unavailable, "there is no history; see the log of the host's start"};
  if (!release) {
    const auto before = history_->before(number_);
    if (!before) return before.error();
    if (!*before) return base::Error{base::ErrorCode::failed_precondition, "there is no release before this one"};
    release = **before;
  }
  const auto identities = history_->members_of(*release);
  if (!identities) return identities.error();
  auto members = resolve(*identities);
  if (!members) return members.error();
  if (const auto may_come = check_return(*release, *members); !may_come) return may_come.error();
  look();
  auto memory = memory_;
  memory.holds.clear();
  const auto choices = identities_of(desire_with(memory).choices);
  const auto reason =
      "release " + std::to_string(number_) + " was rolled back to release " + std::to_string(*release) + " by " + who;
  const auto hold = [&](const std::string& name) {
    const auto member = members->find(name);
    const auto choice = choices.find(name);
    Hold held{.member = {}, .instead_of = choice == choices.end() ? Identity{} : choice->second, .reason = reason};
    if (member != members->end()) held.member = member->second;
    if ((held.member ? held.member->identity() : Identity{}) != held.instead_of) memory.holds.emplace(name, held);
  };
  for (const auto& [name, member] : *members) hold(name);
  for (const auto& [name, choice] : choices) hold(name);

  const auto desired = desire_with(memory);
  auto outcome = carry_out(desired, planner_.plan(desired, memory_.running),
                           {.who = who,
                            .what = "rollback to release " + std::to_string(*release),
                            .holds = memory.holds,
                            .is_on_trial = false});
  if (outcome.result == Outcome::Result::unchanged) {
    outcome.reason = explain_unchanged(*release, *identities, *members);
  }
  return outcome;
}

/// Whether nothing is known against those of a former release.
base::Result<void> Reconciler::check_return(std::uint64_t release, const Members& members) {
  const auto begin = "release " + std::to_string(release);
  for (const auto& [name, member] : members) {
    const auto* failure = memory_.find_failure(name, member.identity());
    if (failure != nullptr && failure->is_marked) {
      std::string message = begin;
      message += " has '" + name + "' ";
      message += member.record->manifest->version.to_string();
      message += ", which did not pass its trial; name another release, or run `mortise pardon ";
      message += name + "`";
      return base::Error{base::ErrorCode::failed_precondition, std::move(message)};
    }
    const auto runs = memory_.running.find(name);
    if (runs != memory_.running.end() && runs->second.record->sha256 == member.record->sha256) continue;
    if (const auto may_start = check_ahead(*member.record->manifest); !may_start) {
      return may_start.error().in(begin + " cannot come back");
    }
  }
  return {};
}

/// Empty when the release has not been changed on its way back either.
std::string Reconciler::explain_unchanged(std::uint64_t release, const Identities& identities, const Members& members) {
  for (const auto& [name, identity] : identities) {
    if (members.at(name).second.config_text == identity.config_text) continue;
    std::string reason = "release " + std::to_string(release) + " differs only in the placement of '" + name;
    reason.append("', which is isolated for a crash; name an earlier release, or run `mortise pardon ");
    return reason.append(name).append("`");
  }
  return {};
}

base::Result<Members> Reconciler::resolve(const Identities& identities) {
  Members members;
  for (const auto& [name, identity] : identities) {
    auto record = catalog_->find_image(identity.sha256);
    if (!record) return record.error().in("plugin '" + name + "' of that release");
    const Member member{.record = std::move(*record), .config_text = identity.config_text};
    members.put({name, place(name, member, memory_)});
  }
  return members;
}

base::Result<std::vector<HistoryEntry>> Reconciler::history(std::size_t limit) {
  if (!history_)
    return base::Error{base::ErrorCode::unavailable, "there is no history; see the log of the host's start"};
  return history_->list(limit);
}

Outcome Reconciler::carry_out(const Desired& desired, Plan plan, const Cause& cause) {
  const auto& [who, what, holds, is_on_trial, must_come] = cause;
  if (canary_) give_up_canary("it was given up for another release: " + what + " by " + who);
  Outcome outcome{.result = Outcome::Result::unchanged, .release = number_, .plan = std::move(plan), .reason = {}};
  if (outcome.plan.is_empty()) {
    memory_.holds = holds;
    if (history_) static_cast<void>(history_->set_holds(to_stored(holds)));  // at worst they are there once more
    return outcome;
  }
  outcome.release = number_ + 1;
  if (history_) {
    const auto begun = history_->begin(who, what, outcome.plan, configs_of(outcome.plan, desired));
    if (!begun && must_come) {
      warn_of_record(begun.error());
    } else if (!begun) {
      outcome.result = Outcome::Result::failed;
      outcome.reason =
          "it cannot be written down: " + begun.error().message + "; make room, or mend the state directory";
      telemetry::log(Level::error, "release", "release failed; everything runs on as before",
                     {{"reason", outcome.reason}});
      return outcome;
    }
    if (begun) outcome.release = *begun;
  }
  telemetry::log(Level::info, "release", "applying a release",
                 {{"release", std::to_string(outcome.release)}, {"who", who}, {"what", what}});
  Next next;
  if (auto reason = prepare(desired, outcome.plan, is_on_trial, next))
    return fail(std::move(outcome), desired, std::move(*reason));
  if (is_on_trial) {
    if (const auto wish = canary_of(outcome.plan, desired)) {
      return begin_canary(std::move(outcome), desired, cause, next, *wish);
    }
  }
  return switch_to(std::move(outcome), desired, cause, std::move(next));
}

Outcome Reconciler::switch_to(Outcome outcome, const Desired& desired, const Cause& cause, Next next) {
  auto trial = make_trial(outcome.plan, desired, next, cause.is_on_trial);
  trial.release = outcome.release;
  make_way_for(trial);
  if (history_) {
    // The last thing before the switch, which cannot fail: from here on a restart brings this release.
    if (const auto applied = history_->apply(outcome.release, to_stored(cause.holds), to_stored(trial)); !applied) {
      if (cause.must_come) {
        warn_of_record(applied.error());
      } else {
        return fail(std::move(outcome), desired, "it cannot be written down: " + applied.error().message);
      }
    }
  }
  outcome.result = Outcome::Result::applied;
  number_ = outcome.release;
  memory_.holds = cause.holds;
  held_back_.clear();
  const auto former = release_;
  publish(std::move(next));
  trials_.begin(std::move(trial), *release_, former.get(), Clock::now());
  retry_after(outcome.plan);
  telemetry::log(Level::info, "release", "release applied",
                 {{"release", std::to_string(number_)}, {"who", cause.who}, {"what", cause.what}});
  return outcome;
}

/// Starts what is new beside what runs. Why it must not be switched to, if so: then whoever is to blame is remembered.
/// Not `needs_state`: nothing that the instances to be replaced know, or fail to say, keeps it from coming.
std::optional<std::string> Reconciler::prepare(const Desired& desired, const Plan& plan, bool needs_state, Next& next) {
  next = {.generations = running_, .ages = ages_, .members = memory_.running};
  std::vector<const Wanted*> to_start;
  for (const auto& step : plan.steps) {
    if (step.kind == Step::Kind::stop) {
      next.erase(step.plugin);
      continue;
    }
    to_start.push_back(&desired.wanted.at(step.plugin));
  }
  std::string reasons;
  auto started = starter_.start(to_start);
  std::vector<Handover::Pair> pairs;
  for (std::size_t i = 0; i < to_start.size(); ++i) {
    const auto& wanted = *to_start[i];
    if (!started[i]) {
      reasons += (reasons.empty() ? "" : ". ") + remember_failed_start(wanted, started[i].error());
      continue;
    }
    contain(**started[i]);
    const auto former = running_.find(wanted.name());
    pairs.push_back({.fresh = *started[i],
                     .former = former == running_.end() ? nullptr : former->second,
                     .needs_state = needs_state});
    next.put(wanted.name(), *started[i], wanted.member());
  }
  if (!reasons.empty()) return reasons;
  if (auto conflict = find_conflict(next)) return conflict;
  const auto fit = handover_.prepare(pairs);
  for (std::size_t i = 0; i < fit.size(); ++i) {
    if (!fit[i]) reasons += (reasons.empty() ? "" : ". ") + remember_failed_start(*to_start[i], fit[i].error());
  }
  return reasons.empty() ? std::nullopt : std::optional(reasons);
}

std::optional<std::string> Reconciler::find_conflict(const Next& next) {
  for (auto* service : services_) {
    const auto conflicts = service->check(next.ages);
    if (conflicts.empty()) continue;
    for (const auto& conflict : conflicts) {
      const auto member = next.members.find(newest_of(conflict)->name());
      if (member != next.members.end()) remember_failure(member->second, conflict.message, &conflict);
    }
    return conflicts.front().message;
  }
  return std::nullopt;
}

Outcome Reconciler::fail(Outcome outcome, const Desired& desired, std::string reason) {
  outcome.result = Outcome::Result::failed;
  outcome.reason = std::move(reason);
  const auto number = std::to_string(outcome.release);
  telemetry::log(Level::error, "release", "release failed; everything runs on as before",
                 {{"release", number}, {"reason", outcome.reason}});
  if (history_) static_cast<void>(history_->fail(outcome.release, outcome.reason));  // else it shows as interrupted
  held_back_.clear();
  held_back_by_.clear();
  for (auto& [name, identity] : results_of(outcome.plan, desired)) {
    auto& part = memory_.find_failure(name, identity) != nullptr ? held_back_by_ : held_back_;
    part.emplace(name, identity);
  }
  held_back_why_ = "held back with release " + number + ", which failed as a whole: " + outcome.reason +
                   ". Mend or disable what failed, or run `mortise apply` to go on without it";
  if (held_back_by_.empty()) return outcome;  // nobody is to blame but the surroundings: the next look tries again
  say_what_is_held_back();
  look_again_ = Clock::now();  // whoever failed may have another version to run
  return outcome;
}

void Reconciler::say_what_is_held_back() {
  for (const auto& [name, identity] : held_back_) {
    unmet_.push_back({.name = name, .kind = Unmet::Kind::waiting, .reason = held_back_why_});
  }
}

/// Whether it is what is left of a release that failed, while that is still asked for: half of what was to come at once
/// is not applied unasked.
bool Reconciler::is_held_back(const Plan& plan, const Desired& desired) const {
  const auto still_fails = [&](const auto& one) { return memory_.find_failure(one.first, one.second) != nullptr; };
  return std::any_of(held_back_by_.begin(), held_back_by_.end(), still_fails) && !plan.is_empty() &&
         results_of(plan, desired) == held_back_;
}

}  // namespace mortise::release
