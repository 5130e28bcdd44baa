// What follows from a crash of the host for the plugin that it counts for.
#pragma once

#include <chrono>
#include <cstddef>

#include "config/config.hpp"

namespace mortise::release {

inline constexpr std::chrono::minutes kCrashWindow{5};
/// So many within the window, and no policy has it started again.
inline constexpr std::size_t kMostCrashes = 3;

/// What becomes of the plugin. `recent`: the crashes of the same image within the window, this one included, wherever
/// it ran.
[[nodiscard]] config::OnCrash consequence_of(config::OnCrash policy, std::size_t recent);

}  // namespace mortise::release
