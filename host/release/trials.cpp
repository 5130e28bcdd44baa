#include "release/trials.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/duration.hpp"

namespace mortise::release {
namespace {

using runtime::Generation;
using runtime::Traffic;

constexpr std::chrono::milliseconds kBetweenLooks{100};
// Of a p95: as many of a hundred may be slower.
constexpr std::uint64_t kSlowPercent = 5;

std::string share_of(std::uint64_t part, std::uint64_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole) + " requests";
}

bool is_beyond(std::uint64_t part, std::uint64_t whole, std::uint64_t percent) { return part * 100 > whole * percent; }

std::uint64_t failures_of(const Traffic& traffic) { return traffic.failures() + traffic.failed_calls(); }

}  // namespace

StoredTrial to_stored(const Trial& trial) {
  StoredTrial stored{.release = trial.release, .host = ::getpid()};
  if (trial.subjects.empty()) return stored;
  for (const auto& [name, former] : trial.former) {
    auto& kept = stored.plugins[name];
    if (former) kept.former = former->identity();
  }
  const auto now = std::chrono::system_clock::now();
  for (const auto& subject : trial.subjects) {
    auto& kept = stored.plugins[subject.generation->name()];
    kept.generation = subject.generation->number();
    const auto until = now + subject.limits.duration;
    kept.until_ms = std::chrono::duration_cast<std::chrono::milliseconds>(until.time_since_epoch()).count();
  }
  return stored;
}

void Trials::begin(Trial trial, const runtime::Release& release, const runtime::Release* former,
                   Clock::time_point now) {
  for (auto& other : running_) {
    std::erase_if(other.trial.former, [&](const auto& entry) { return trial.former.contains(entry.first); });
    std::erase_if(other.watched,
                  [&](const Watched& watched) { return trial.former.contains(watched.subject.generation->name()); });
  }
  std::erase_if(running_, [](const Running& other) { return other.watched.empty(); });
  if (trial.subjects.empty()) return;
  Running begun;
  for (const auto& subject : trial.subjects) {
    const auto limit = subject.limits.max_p95;
    subject.generation->watch(limit ? Traffic::Duration(*limit) : Traffic::Duration::max());
    const auto& traffic = *subject.generation->traffic();
    begun.watched.push_back({.subject = subject,
                             .until = now + subject.limits.duration,
                             .before = {},
                             .answers_before = traffic.answers(),
                             .failures_before = failures_of(traffic),
                             .slow_before = traffic.slow()});
  }
  // Whoever calls one is counted, too: one that has no routes is known by what comes through others. Those whose cones
  // are the former ones reach nobody who has just come.
  const runtime::ConeSet none;
  for_each_difference(former == nullptr ? none : former->cones(), release.cones(),
                      [&](const runtime::ConePtr*, const runtime::ConePtr* cone) {
                        if (cone == nullptr) return;
                        for (auto& watched : begun.watched) {
                          if (!(*cone)->reaches(*watched.subject.generation)) continue;
                          auto& entry = *(*cone)->entry;
                          entry.watch(Traffic::Duration::max());
                          watched.before.emplace(entry.number(), entry.traffic()->answers());
                        }
                      });
  begun.trial = std::move(trial);
  begun.trial.subjects.clear();  // whoever judges has them
  running_.push_back(std::move(begun));
}

/// Answered since it is on trial by whoever can have called it, or by itself.
std::uint64_t Trials::requests_of(Watched& watched, const Trial& trial, const runtime::Release& release) {
  std::uint64_t requests = 0;
  for (const auto& cone : release.cones()) {
    if (cone->entry != watched.subject.generation && !cone->reaches(*watched.subject.generation)) continue;
    cone->entry->watch(Traffic::Duration::max());  // one that has come since
    const auto answers = cone->entry->traffic()->answers();
    const auto since = answers - watched.before.emplace(cone->entry->number(), answers).first->second;
    // One that serves a canary's release and the other at once tells only how many there were in all.
    requests += trial.former.contains(cone->entry->name()) ? since : since * trial.percent_of_others / 100;
  }
  return requests;
}

/// What it has not kept to; empty when it has so far.
std::string Trials::find_breach(Watched& watched, const Trial& trial, const runtime::Release& release) {
  const auto& limits = watched.subject.limits;
  const auto& traffic = *watched.subject.generation->traffic();
  const auto requests = requests_of(watched, trial, release);
  if (requests < limits.requests) return {};
  // A request may call it more than once.
  const auto failures = std::min(failures_of(traffic) - watched.failures_before, requests);
  if (is_beyond(failures, requests, limits.max_error_percent)) {
    return share_of(failures, requests) + " failed in it; at most " + std::to_string(limits.max_error_percent) +
           " % may";
  }
  const auto answers = traffic.answers() - watched.answers_before;
  const auto slow = traffic.slow() - watched.slow_before;
  if (limits.max_p95 && answers >= limits.requests && is_beyond(slow, answers, kSlowPercent)) {
    return share_of(slow, answers) + " took longer than " + base::format_duration(*limits.max_p95) + "; at most " +
           std::to_string(kSlowPercent) + " % may";
  }
  return {};
}

std::optional<Trials::Verdict> Trials::judge(const runtime::Release& release) {
  last_look_ = Clock::now();
  for (auto running = running_.begin(); running != running_.end(); ++running) {
    for (auto& watched : running->watched) {
      auto breach = find_breach(watched, running->trial, release);
      if (breach.empty()) continue;
      Verdict verdict{
          .trial = std::move(running->trial), .culprit = watched.subject.generation, .evidence = std::move(breach)};
      running_.erase(running);
      return verdict;
    }
  }
  return std::nullopt;
}

std::vector<std::uint64_t> Trials::end_passed(Clock::time_point now) {
  std::vector<std::uint64_t> passed;
  std::erase_if(running_, [&](Running& running) {
    std::erase_if(running.watched, [&](const Watched& watched) { return watched.until <= now; });
    if (running.watched.empty()) passed.push_back(running.trial.release);
    return running.watched.empty();
  });
  return passed;
}

std::optional<Trials::Clock::time_point> Trials::next_look() const {
  if (running_.empty()) return std::nullopt;
  return last_look_ + kBetweenLooks;
}

std::string Trials::find_timed() const {
  for (const auto& running : running_) {
    for (const auto& watched : running.watched) {
      if (watched.subject.limits.max_p95) return "'" + watched.subject.generation->name() + "' is on trial";
    }
  }
  return {};
}

std::string Trials::describe(const Generation& generation) const {
  for (const auto& running : running_) {
    for (const auto& watched : running.watched) {
      if (watched.subject.generation.get() != &generation) continue;
      return "on trial with release " + std::to_string(running.trial.release);
    }
  }
  return {};
}

}  // namespace mortise::release
