// Releases on trial: what a version that has replaced another one must keep to for a while, how it does, and when it
// has failed.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "release/history.hpp"
#include "release/memory.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// What one release has put on trial.
struct Trial {
  struct Subject {
    runtime::GenerationPtr generation;
    config::ProbationConfig limits;
  };
  std::uint64_t release = 0;
  std::vector<Subject> subjects;                        // of a verdict: none
  std::map<std::string, std::optional<Member>> former;  // by plugin that the release has changed; none: it did not run
  unsigned percent_of_others = 100;  // of the requests to plugins that it has not changed: what runs on the release
};

/// As the history keeps it, begun now by this process; without plugins when nobody is on trial.
StoredTrial to_stored(const Trial& trial);

/// Release thread only.
class Trials {
 public:
  using Clock = std::chrono::steady_clock;

  /// Of `release`, which has just been switched to from `former`, which has none of its subjects; null: whoever may.
  /// Its plugins leave the trials before it.
  void begin(Trial trial, const runtime::Release& release, const runtime::Release* former, Clock::time_point now);

  struct Verdict {
    Trial trial;
    runtime::GenerationPtr culprit;
    std::string evidence;  // "12 of 40 requests failed, 30 %; at most 25 % may"
  };
  /// Of the first subject that has not kept to its limits; its trial is over. `release` is the one that runs.
  std::optional<Verdict> judge(const runtime::Release& release);
  /// The releases whose trial has ended well by now.
  std::vector<std::uint64_t> end_passed(Clock::time_point now);
  /// Gives up all trials, and lets go of their generations.
  void clear() { running_.clear(); }

  /// When to judge again; none: nobody is on trial.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;
  /// "'rates' is on trial", of the first one whose answers may take so long and no longer; empty: there is none.
  [[nodiscard]] std::string find_timed() const;
  /// "on trial with release 7"; empty: it is not.
  [[nodiscard]] std::string describe(const runtime::Generation& generation) const;

 private:
  struct Watched {
    Trial::Subject subject;
    Clock::time_point until;
    // By the number of an entry from which it is reached: the answers there before it was on trial.
    std::map<std::uint64_t, std::uint64_t> before;
    // Its own, likewise: of the time when it was a canary.
    std::uint64_t answers_before = 0;
    std::uint64_t failures_before = 0;
    std::uint64_t slow_before = 0;
  };
  struct Running {
    Trial trial;
    std::vector<Watched> watched;
  };
  [[nodiscard]] static std::uint64_t requests_of(Watched& watched, const Trial& trial, const runtime::Release& release);
  [[nodiscard]] static std::string find_breach(Watched& watched, const Trial& trial, const runtime::Release& release);

  std::vector<Running> running_;
  Clock::time_point last_look_{};
};

}  // namespace mortise::release
