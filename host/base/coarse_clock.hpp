// The steady clock as of the kernel's last tick: a few nanoseconds to read, for what is timed on every request.
#pragma once

#include <chrono>

namespace mortise::base {

/// Up to a tick (1 to 10 ms) behind std::chrono::steady_clock, of which it is a moment; never ahead of it.
[[nodiscard]] std::chrono::steady_clock::time_point coarse_now() noexcept;

/// The longest that coarse_now() lags behind: who must not be early adds it.
inline constexpr std::chrono::milliseconds kCoarseLag{10};

}  // namespace mortise::base
