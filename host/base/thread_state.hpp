// What another thread of this process is at: whether it computes, sleeps, or only waits for a core.
#pragma once

#include <chrono>

namespace mortise::base {

/// Names a thread for others to ask about. A value; the number of a thread that has ended may be another's later on,
/// so the answers are hints.
class ThreadId {
 public:
  /// Of none: it has used no time, and cannot run.
  constexpr ThreadId() noexcept = default;
  static ThreadId of_this_thread() noexcept;

  /// The time that it has had on a core; zero when it has ended.
  [[nodiscard]] std::chrono::nanoseconds cpu_time() const noexcept;
  /// Whether it runs, or would if it had a core. Reads /proc, which takes some 10 us; false when that cannot be read.
  [[nodiscard]] bool is_runnable() const noexcept;

 private:
  int id_ = 0;
};

}  // namespace mortise::base
