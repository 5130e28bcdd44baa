#include "release/probations.hpp"

#include <algorithm>
#include <utility>

namespace mortise::release {
namespace {

using runtime::Generation;
using runtime::Traffic;

constexpr std::chrono::milliseconds kBetweenLooks{100};

/// What the containment counts as failed, of its own routes and of other plugins' calls.
std::uint64_t failures_of(const Generation& generation) {
  const auto& traffic = *generation.traffic();
  return traffic.failures() + traffic.failed_calls();
}

/// Without a fault, whoever's that was. A failure may be there before its answer is.
std::uint64_t successes_of(const Traffic& traffic) {
  const auto answers = traffic.answers();
  return answers - std::min(answers, traffic.failures());
}

/// Answered well by it, or by whoever can have called it, since `before`, which learns of those that it does not know.
std::uint64_t requests_of(const Generation& generation, const runtime::Release& release,
                          std::map<std::uint64_t, std::uint64_t>& before) {
  std::uint64_t requests = 0;
  for (const auto& cone : release.cones()) {
    if (cone->entry.get() != &generation && !cone->reaches(generation)) continue;
    cone->entry->watch(Traffic::Duration::max());
    const auto successes = successes_of(*cone->entry->traffic());
    const auto begun = before.emplace(cone->entry->number(), successes).first->second;
    requests += successes - std::min(successes, begun);
  }
  return requests;
}

}  // namespace

void Probations::follow(std::vector<Subject> subjects) {
  std::vector<Watched> next;
  for (auto& subject : subjects) {
    const auto known = std::find_if(watched_.begin(), watched_.end(), [&](const Watched& watched) {
      return watched.subject.generation == subject.generation;
    });
    Watched watched = known == watched_.end() ? Watched{.subject = {}} : std::move(*known);
    watched.subject = std::move(subject);
    next.push_back(std::move(watched));
  }
  watched_ = std::move(next);
}

void Probations::begin_anew(const std::string& plugin, const runtime::Release& release) {
  for (auto& watched : watched_) {
    if (watched.subject.generation->name() != plugin) continue;
    watched.is_to_begin = true;
    count(watched, release);
  }
}

std::vector<Probations::Subject> Probations::look(const runtime::Release& release) {
  last_look_ = Clock::now();
  std::vector<Subject> passed;
  for (auto& watched : watched_) {
    count(watched, release);
    if (watched.served >= watched.subject.requests) passed.push_back(watched.subject);
  }
  return passed;
}

void Probations::count(Watched& watched, const runtime::Release& release) {
  const auto& generation = *watched.subject.generation;
  // Answers first: of those that are among them, the failures are there when these are read.
  watched.subject.generation->watch(Traffic::Duration::max());
  watched.served = requests_of(generation, release, watched.before);
  const auto failures = failures_of(generation);
  if (!watched.is_to_begin && failures == watched.failures_before) return;
  watched.is_to_begin = false;
  watched.failures_before = failures;
  watched.before.clear();
  watched.served = requests_of(generation, release, watched.before);
}

std::optional<Probations::Clock::time_point> Probations::next_look() const {
  if (watched_.empty()) return std::nullopt;
  return last_look_ + kBetweenLooks;
}

ProbationStatus Probations::describe(const Generation& generation) const {
  for (const auto& watched : watched_) {
    if (watched.subject.generation.get() != &generation) continue;
    return {.served = std::min(watched.served, watched.subject.requests), .requests = watched.subject.requests};
  }
  return {};
}

}  // namespace mortise::release
