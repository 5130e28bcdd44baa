// What every page could write into the log, and shall not: one line in a while says as much.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

namespace boutique::frontend {

/// One for each thing that is to be said. Any thread.
class Occasional {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes kPause{1};

  /// It has happened once more. How often since it was said last, if it is to be said again: this time included.
  std::optional<std::uint64_t> note(Clock::time_point now) noexcept {
    unsaid_.fetch_add(1, std::memory_order_relaxed);
    const auto at = now.time_since_epoch().count();
    auto next = next_.load(std::memory_order_relaxed);
    const auto then = (now + kPause).time_since_epoch().count();
    if (at < next || !next_.compare_exchange_strong(next, then, std::memory_order_relaxed)) return std::nullopt;
    return unsaid_.exchange(0, std::memory_order_relaxed);
  }

 private:
  // Values on their own, of which none publishes anything: relaxed.
  std::atomic<std::uint64_t> unsaid_{0};
  std::atomic<Clock::rep> next_{std::numeric_limits<Clock::rep>::min()};  // when it may be said again
};

}  // namespace boutique::frontend
