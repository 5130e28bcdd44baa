// How long whoever keeps a process running waits before the next start: not at all where that can be expected to last,
// ever longer where the process crashes again and again.
#pragma once

#include <chrono>

namespace mortise::base {

/// One thread.
class RestartPause {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::chrono::milliseconds kFirst{100};
  static constexpr std::chrono::milliseconds kLongest{30000};
  /// A process that has been ready for so long has not crashed because of how it starts.
  static constexpr std::chrono::seconds kSound{60};

  /// The process does what it is for.
  void note_ready(Clock::time_point now);
  /// It has crashed. `is_explained`: somebody is known to be to blame, who will not be there again; that of a crash
  /// before the process was ready may be wrong all the same.
  std::chrono::milliseconds after_crash(Clock::time_point now, bool is_explained);

 private:
  bool is_ready_ = false;
  Clock::time_point ready_since_{};
  unsigned crashes_ = 0;  // in a row
};

}  // namespace mortise::base
