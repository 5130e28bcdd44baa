// What came of the requests that one generation was given, counted while somebody wants to know: the release thread, of
// a new version on trial.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace mortise::runtime {

/// Any thread. Plain counts, relaxed, but for that of the answers, which publishes the others: whoever reads it first
/// finds in these, at the least, what belongs to the answers that it has read.
class Traffic {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// An answer counts as slow beyond `slow_after`.
  explicit Traffic(Duration slow_after) : slow_after_(slow_after) {}

  /// A request to a route of its own was answered, `duration` after its handler could begin; zero for streams, which
  /// take as long as they take.
  void note_answer(unsigned http_status, Duration duration) noexcept {
    if (http_status >= 500) failures_.fetch_add(1, std::memory_order_relaxed);
    if (duration > slow_after_) slow_.fetch_add(1, std::memory_order_relaxed);
    answers_.fetch_add(1, std::memory_order_release);
  }
  /// A call of another plugin's failed in it, and not through the caller's fault.
  void note_failed_call() noexcept { failed_calls_.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t slow() const noexcept { return slow_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t failed_calls() const noexcept { return failed_calls_.load(std::memory_order_relaxed); }

 private:
  const Duration slow_after_;
  std::atomic<std::uint64_t> answers_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> slow_{0};
  std::atomic<std::uint64_t> failed_calls_{0};
};

}  // namespace mortise::runtime
