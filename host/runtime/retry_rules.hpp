// When what has failed is tried again.
#pragma once

#include <chrono>
#include <cstdint>

namespace mortise::runtime {

struct RetryRules {
  std::uint32_t attempts = 8;                  // the last one fails: that is the end of it
  std::chrono::milliseconds first_pause{100};  // three times as long after each further attempt
  std::chrono::milliseconds longest_pause{60000};

  /// After so many attempts, a fifth more or less by chance, so that what has failed together does not come together.
  [[nodiscard]] std::chrono::milliseconds pause_after(std::uint32_t attempts_made) const;
};

/// After an attempt that has not begun, since whoever was to make it was away: it counts as none.
inline constexpr std::chrono::milliseconds kPauseOfUnbegun{250};

}  // namespace mortise::runtime
