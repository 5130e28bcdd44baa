// How many lines of log a plugin may write in a second: one that floods the log fills nobody's disk, and keeps nobody
// from being heard.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

namespace mortise::runtime {

/// Any thread.
class LogLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Verdict {
    bool is_admitted = true;
    std::uint64_t dropped_before = 0;  // in the second before, which is told once
  };

  /// `lines` a second; 0: any number.
  void set(std::uint32_t lines);
  /// Of one more line. Seconds begin with the first line after the one before is over.
  Verdict admit(Time now);
  /// Since it began.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::uint32_t limit_ = 1000;
  Time since_{};  // of the second that is
  std::uint32_t admitted_ = 0;
  std::uint64_t dropped_ = 0;  // in it
  std::uint64_t dropped_in_all_ = 0;
};

}  // namespace mortise::runtime
