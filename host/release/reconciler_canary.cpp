// A release that gets a share of the requests before it is switched to, or given up.
#include <Poco/DateTimeFormatter.h>
#include <Poco/Timestamp.h>

#include <algorithm>
#include <utility>

#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

// Until what could not be switched to begins anew: the surroundings are to blame, a full disk most likely.
constexpr std::chrono::seconds kRetryPromotion{1};

}  // namespace

/// The most cautious of the wishes of those that replace others; none: nobody has one.
std::optional<config::CanaryConfig> Reconciler::canary_of(const Plan& plan, const Desired& desired) {
  std::optional<config::CanaryConfig> wish;
  for (const auto& step : plan.steps) {
    const auto wanted = desired.wanted.find(step.plugin);
    if (step.from_version.empty() || wanted == desired.wanted.end() || !wanted->config->canary) continue;
    const auto& own = *wanted->config->canary;
    if (!wish) wish = own;
    wish->percent = std::min(wish->percent, own.percent);
    wish->duration = std::max(wish->duration, own.duration);
    if (wish->key.empty()) wish->key = own.key;
  }
  return wish;
}

Outcome Reconciler::begin_canary(Outcome outcome, const Desired& desired, const Cause& cause, const Next& next,
                                 const config::CanaryConfig& wish) {
  end_observation("release " + std::to_string(outcome.release) + " began as a canary");
  const auto now = Clock::now();
  const auto end = Poco::Timestamp() + std::chrono::microseconds(wish.duration).count();
  auto& canary = canary_.emplace();
  canary.next = next;
  canary.desired = desired;
  canary.cause = cause;
  canary.until = now + wish.duration;
  canary.share = std::to_string(wish.percent) + " % of the requests until " +
                 Poco::DateTimeFormatter::format(end, "%Y-%m-%dT%H:%M:%SZ");
  canary.release = contracts_.build(outcome.release, canary.next.ages).release;
  outcome.result = Outcome::Result::canary;
  outcome.reason = canary.share;
  canary.outcome = outcome;

  auto trial = make_trial(outcome.plan, desired, canary.next, true);
  trial.release = outcome.release;
  trial.percent_of_others = wish.percent;
  for (auto& subject : trial.subjects) subject.limits.duration = wish.duration;
  if (history_) {
    if (const auto written = history_->begin_trial(to_stored(trial)); !written) {
      telemetry::log(Level::warning, "release",
                     "a canary cannot be written down; should it crash the host, it is tried again",
                     {{"release", std::to_string(outcome.release)}, {"reason", written.error().message}});
    }
  }
  for (auto* service : services_) service->publish_canary(canary.release, {.percent = wish.percent, .key = wish.key});
  canary.trials.begin(std::move(trial), *canary.release, release_.get(), now);
  held_back_.clear();
  telemetry::log(Level::info, "release", "release is tried as a canary",
                 {{"release", std::to_string(outcome.release)}, {"share", canary.share}});
  return outcome;
}

/// Whether what the canary brings is what is asked for.
bool Reconciler::is_canary(const Desired& desired) {
  return canary_ && planner_.plan(desired, canary_->next.members).is_empty();
}

/// Whether what the canary brings is among what is asked for: then it goes on, whatever else has come.
bool Reconciler::is_canary_wanted(const Desired& desired) const {
  const auto& brought = canary_->next.members;
  return std::all_of(canary_->outcome.plan.steps.begin(), canary_->outcome.plan.steps.end(), [&](const Step& step) {
    const auto wanted = desired.wanted.find(step.plugin);
    const auto member = brought.find(step.plugin);
    if (wanted == desired.wanted.end() || member == brought.end()) {
      return wanted == desired.wanted.end() && member == brought.end();
    }
    return wanted->identity() == member->second.identity();
  });
}

/// One release at a time: what has come since the canary began is next.
void Reconciler::say_what_waits(const Desired& desired) {
  const auto reason = "it waits for release " + std::to_string(canary_->outcome.release) + ", a canary, which gets " +
                      canary_->share + "; `mortise rollback` gives that up, `mortise apply` begins anew with both";
  for (const auto& step : planner_.plan(desired, canary_->next.members).steps) {
    unmet_.push_back({.name = step.plugin, .kind = Unmet::Kind::waiting, .reason = reason});
  }
}

/// Its time is over, or an admin has seen enough.
Outcome Reconciler::promote() {
  auto canary = std::move(*canary_);
  canary_.reset();
  auto outcome = switch_to(canary.outcome, canary.desired, canary.cause, canary.next);
  if (outcome.result != Outcome::Result::failed) {
    look_again_ = Clock::now();  // something may have waited
    return outcome;
  }
  stop_canary(canary);
  look_again_ = Clock::now() + kRetryPromotion;
  return outcome;
}

void Reconciler::give_up_canary(const std::string& reason) {
  const auto canary = std::move(*canary_);
  canary_.reset();
  if (history_) static_cast<void>(history_->fail(canary.outcome.release, reason));  // else it shows as interrupted
  stop_canary(canary);
  telemetry::log(Level::warning, "release", "canary is given up; everything runs on as before",
                 {{"release", std::to_string(canary.outcome.release)}, {"reason", reason}});
}

void Reconciler::put_canary_off() {
  if (canary_) give_up_canary("the host is being replaced; it begins anew then");
}

/// Nothing is left of it but what the history says. What its instances have learnt is lost: those that serve on have
/// never lost anything to them.
void Reconciler::stop_canary(const Canary& canary) {
  if (history_) static_cast<void>(history_->end_trial(canary.outcome.release));  // at worst a crash is blamed on it
  memory_.holds.insert(canary.former_holds.begin(), canary.former_holds.end());
  for (auto* service : services_) service->publish(release_);
  if (release_) forgive_callers(*release_, *canary.release);
  for (const auto& generation : fresh_of(canary)) drains_.stop(generation, nullptr);
}

/// Back from the canary, and no other one of the same before something else is asked for.
Outcome Reconciler::turn_back(const std::string& who) {
  const auto plan = canary_->outcome.plan;
  const auto number = std::to_string(canary_->outcome.release);
  const auto reason = "release " + number + ", a canary, was given up by " + who;
  give_up_canary(reason);
  hold_former(former_of(plan), "", reason, memory_);
  if (history_) static_cast<void>(history_->set_holds(to_stored(memory_.holds)));  // at worst it is tried once more
  return {.result = Outcome::Result::unchanged, .release = number_, .plan = {}, .reason = {}};
}

Reconciler::Judgement Reconciler::judge_as_canary(const Member& culprit, std::uint64_t release,
                                                  const std::string& evidence) {
  const auto& manifest = *culprit.record->manifest;
  const auto text =
      "'" + manifest.name + "' " + manifest.version.to_string() + " did not pass as a canary: " + evidence;
  return {.cause = text,
          .reason = text + "; release " + std::to_string(release) +
                    " was not switched to. Drop another version, change its config, or run `mortise pardon " +
                    manifest.name + "` to try it again"};
}

/// True when something came of it.
bool Reconciler::judge_canary() {
  if (!canary_) return false;
  const auto verdict = canary_->trials.judge(*canary_->release);
  if (!verdict) {
    if (Clock::now() < canary_->until) return false;
    promote();
    return true;
  }
  auto canary = std::move(*canary_);
  canary_.reset();
  const auto name = verdict->culprit->name();
  const auto& member = canary.next.members.at(name).second;
  const auto [cause, reason] = judge_as_canary(member, canary.outcome.release, verdict->evidence);
  mark(member, reason, memory_);
  fail(canary.outcome, canary.desired, cause);
  stop_canary(canary);
  return true;
}

/// The generations that only it has.
std::vector<runtime::GenerationPtr> Reconciler::fresh_of(const Canary& canary) const {
  std::vector<runtime::GenerationPtr> fresh;
  for_each_difference(running_, canary.next.generations, [&](const auto* /*before*/, const auto* after) {
    if (after != nullptr) fresh.push_back(after->second);
  });
  std::sort(fresh.begin(), fresh.end(), [](const auto& a, const auto& b) { return a->number() < b->number(); });
  return fresh;
}

void Reconciler::report_canary(std::vector<PluginStatus>& plugins) const {
  for (const auto& generation : fresh_of(*canary_)) {
    plugins.push_back(describe(*generation));
    plugins.back().state = "canary";
    plugins.back().reason = "release " + std::to_string(canary_->outcome.release) + " gets " + canary_->share;
  }
}

}  // namespace mortise::release
