// The first release of a host's life: what ran before, as far as it is still wanted and starts.
#include <algorithm>
#include <future>
#include <utility>

#include "release/order.hpp"
#include "release/planner.hpp"
#include "release/reconciler.hpp"
#include "release/retain.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using telemetry::Level;

namespace {

bool is_same(const std::vector<Wanted>& a, const std::vector<const Wanted*>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Wanted& x, const Wanted* y) { return x.name() == y->name() && x.is_as(y->member()); });
}

}  // namespace

void Reconciler::begin(Record record) {
  configs_ahead_ = std::async(std::launch::async, [this] { return plugin_configs_.load(); });
  look();
  auto former = recall(record);
  if (record == Record::now) settle_crashes(former);
  leave_out_quarantined(former);
  isolate_former(former, record);
  memory_.crashes = former.memory.crashes;
  memory_.failures = former.memory.failures;
  memory_.isolations = former.memory.isolations;
  memory_.passed = former.memory.passed;
  memory_.holds = former.memory.holds;
  const auto desired = desire_with(former.memory);
  tell(desired.unmet);
  unmet_ = desired.unmet;
  set_limits(desired);
  const auto first = choose_first(desired, former.members);
  Next next;
  start_first(first, next);
  settle_conflicts(next);
  if (record == Record::now) {
    record_first(next.members, former, desired, first);
  } else {
    record_start_ = [this, members = next.members, former, desired, first] {
      catalog_->own();
      open_history(Record::now);
      // That they have run went into the copy.
      for (const auto& [plugin, isolations] : memory_.isolations) {
        for (const auto& one : isolations) write_isolation(plugin, one);
      }
      record_first(members, former, desired, first);
      resume_trials(former.trials, desired);
    };
  }
  publish(std::move(next));
  if (record == Record::now) resume_trials(former.trials, desired);
  // What the last release did not have comes as a release of its own, which may fail and leave this one.
  if (!is_same(first, desired.wanted_in_order())) look_again_ = Clock::now();
}

void Reconciler::record_start() {
  if (const auto record = std::exchange(record_start_, {})) record();
}

/// In the order of start.
std::vector<Wanted> Reconciler::choose_first(const Desired& desired, const Members& former) const {
  if (former.empty()) {
    // Nobody may be left without service because nobody knows any more what an admin has asked for.
    const bool is_wanted = settings_.applies_by_itself || has_lost_history_;
    if (!is_wanted) return {};
  }
  std::vector<Wanted> first;
  bool is_as_desired = true;
  for (const auto* wanted : desired.wanted_in_order()) {
    const auto before = former.find(wanted->name());
    if (former.empty() || (before != former.end() && wanted->is_as(before->second))) {
      first.push_back(*wanted);
      continue;
    }
    is_as_desired = false;
    if (before != former.end()) first.push_back(as_it_runs(wanted->name(), before->second, "it ran before"));
  }
  return is_as_desired ? first : order_by_contracts(std::move(first)).ordered;
}

void Reconciler::start_first(const std::vector<Wanted>& first, Next& next) {
  std::vector<const Wanted*> wanted;
  for (const auto& one : first) wanted.push_back(&one);
  auto results = starter_.start(wanted);
  std::vector<Set::value_type> generations;
  std::vector<runtime::GenerationRef> ages;
  std::vector<Members::value_type> members;
  std::vector<Handover::Pair> pairs;
  for (const auto& result : results) {
    if (result) pairs.push_back({.fresh = *result, .former = nullptr});
  }
  const auto fit = handover_.prepare(pairs);
  auto outcome = fit.begin();
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto& one = first[i];
    if (results[i]) {
      if (const auto& is_fit = *outcome++; !is_fit) results[i] = is_fit.error();
    }
    if (results[i]) {
      contain(**results[i]);
      ages.emplace_back(*results[i]);
      generations.emplace_back(one.name(), std::move(*results[i]));
      members.emplace_back(one.name(), one.member());
    } else {
      remember_failed_start(one, results[i].error());
    }
  }
  next = {.generations = Set(std::move(generations)),
          .ages = runtime::GenerationSet(std::move(ages)),
          .members = Members(std::move(members))};
}

/// Leaves out who does not fit the others.
void Reconciler::settle_conflicts(Next& next) {
  // Each round takes at least one generation out, so that this ends.
  std::vector<std::string> left_out;
  for (;;) {
    std::vector<runtime::Service::Conflict> conflicts;
    for (auto* service : services_) {
      conflicts = service->check(next.ages);
      if (!conflicts.empty()) break;
    }
    if (conflicts.empty()) return;
    // Those of the round before may get on with what will run now: they met some that will not.
    for (const auto& name : std::exchange(left_out, {})) {
      std::erase_if(memory_.failures[name], [](const Failure& failure) { return !failure.is_marked; });
      look_again_ = Clock::now();
    }
    for (const auto& conflict : conflicts) {
      const auto name = newest_of(conflict)->name();
      const auto member = next.members.find(name);
      if (member == next.members.end()) continue;  // it was to blame for another one already
      if (conflict.others.empty()) {
        look_again_ = Clock::now();  // its provider has not started: the next pass says so
      } else {
        remember_failure(member->second, conflict.message, &conflict);
        left_out.push_back(name);
      }
      next.erase(name);
    }
  }
}

/// A release of its own only where it differs from the last one.
void Reconciler::record_first(const Members& members, const Former& former, const Desired& desired,
                              const std::vector<Wanted>& first) {
  // The usual case, and a thousand plugins' worth of work less.
  const auto is_same_member = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.identity() == b.second.identity();
  };
  const auto& before = former.members;
  if (std::equal(members.begin(), members.end(), before.begin(), before.end(), is_same_member)) return;
  std::vector<Wanted> runs;
  for (const auto& wanted : first) {
    if (members.contains(wanted.name())) runs.push_back(wanted);
  }
  Desired started;
  started.set_wanted(std::move(runs));
  started.unmet = desired.unmet;
  auto plan = make_plan(started, former.members);
  // Who ran before and did not start now is still part of what a restart should bring back.
  std::erase_if(plan.steps, [&](const Step& step) {
    const auto is_it = [&](const Wanted& wanted) { return wanted.name() == step.plugin; };
    return step.kind == Step::Kind::stop && std::any_of(first.begin(), first.end(), is_it);
  });
  if (plan.is_empty()) return;
  base::Result<void> written;
  std::uint64_t number = number_ + 1;
  if (history_) {
    std::map<std::string, std::string> configs;
    for (const auto& [name, member] : members) configs.emplace(name, member.config_text);
    const auto begun = history_->begin("the host", "start", plan, configs);
    if (begun) number = *begun;
    written = begun ? history_->apply(*begun, to_stored(memory_.holds)) : base::Result<void>(begun.error());
  }
  number_ = number;
  if (!written) {
    telemetry::log(Level::warning, "release", "this release cannot be written down; a restart may not bring it back",
                   {{"reason", written.error().message}});
  }
}

}  // namespace mortise::release
