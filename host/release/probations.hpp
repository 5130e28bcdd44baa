// Versions that are isolated until they have proved themselves: how many requests each has served without a fault.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "release/status.hpp"
#include "runtime/generation.hpp"
#include "runtime/release.hpp"

namespace mortise::release {

/// Release thread only.
class Probations {
 public:
  using Clock = std::chrono::steady_clock;

  struct Subject {
    runtime::GenerationPtr generation;
    std::uint64_t requests = 0;  // without a fault, one after the other, until it has passed
  };
  /// These from here on, and no others; of those that were among them the count goes on.
  void follow(std::vector<Subject> subjects);
  /// Counts what comes from here on.
  void begin_anew(const std::string& plugin, const runtime::Release& release);
  /// Counts; those that have passed by now. `release` is the one that runs.
  std::vector<Subject> look(const runtime::Release& release);

  /// When to look again; none: nobody is in probation.
  [[nodiscard]] std::optional<Clock::time_point> next_look() const;
  /// As of the last look; of one that is none of these all is 0.
  [[nodiscard]] ProbationStatus describe(const runtime::Generation& generation) const;

 private:
  struct Watched {
    Subject subject;
    bool is_to_begin = true;
    std::uint64_t served = 0;
    std::uint64_t failures_before = 0;
    // By the number of an entry from which it is reached: what had been answered well there when its count began.
    std::map<std::uint64_t, std::uint64_t> before{};
  };
  static void count(Watched& watched, const runtime::Release& release);

  std::vector<Watched> watched_;
  Clock::time_point last_look_{};
};

}  // namespace mortise::release
