#include "base/restart_pause.hpp"

#include <algorithm>

namespace mortise::base {

void RestartPause::note_ready(Clock::time_point now) {
  is_ready_ = true;
  ready_since_ = now;
}

std::chrono::milliseconds RestartPause::after_crash(Clock::time_point now, bool is_explained) {
  const bool was_sound = is_ready_ && (is_explained || now - ready_since_ >= kSound);
  is_ready_ = false;
  if (was_sound) crashes_ = 0;
  if (crashes_++ == 0 || was_sound) return std::chrono::milliseconds(0);
  // 2^9 times the first is more than the longest already.
  const auto doublings = std::min(crashes_ - 2, 9U);
  return std::min(kLongest, kFirst * (1U << doublings));
}

}  // namespace mortise::base
