#include "base/coarse_clock.hpp"

#include <ctime>

namespace mortise::base {

std::chrono::steady_clock::time_point coarse_now() noexcept {
  std::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // cannot fail: Linux has had it since 2.6.32
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace mortise::base
