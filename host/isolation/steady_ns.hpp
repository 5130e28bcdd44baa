// Deadlines as numbers in shared memory: of the steady clock, which all processes share.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace mortise::isolation {

/// The greatest number stands for max(): none.
inline std::int64_t to_ns(std::chrono::steady_clock::time_point time) {
  using Time = std::chrono::steady_clock::time_point;
  if (time == Time::max()) return std::numeric_limits<std::int64_t>::max();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

inline std::chrono::steady_clock::time_point from_ns(std::int64_t time_ns) {
  using Time = std::chrono::steady_clock::time_point;
  if (time_ns == std::numeric_limits<std::int64_t>::max()) return Time::max();
  return Time(std::chrono::nanoseconds(time_ns));
}

}  // namespace mortise::isolation
