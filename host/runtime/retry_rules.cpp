#include "runtime/retry_rules.hpp"

#include <algorithm>
#include <random>

namespace mortise::runtime {

std::chrono::milliseconds RetryRules::pause_after(std::uint32_t attempts_made) const {
  constexpr double kFactor = 3;
  constexpr double kLeast = 0.8;
  constexpr double kMost = 1.2;
  thread_local std::minstd_rand random{std::random_device{}()};
  auto pause = static_cast<double>(first_pause.count());
  const auto longest = static_cast<double>(longest_pause.count());
  for (std::uint32_t i = 1; i < attempts_made && pause < longest; ++i) pause *= kFactor;
  pause = std::min(pause, longest) * std::uniform_real_distribution<double>(kLeast, kMost)(random);
  return std::chrono::milliseconds(static_cast<std::int64_t>(pause));
}

}  // namespace mortise::runtime
