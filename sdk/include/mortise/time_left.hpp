// How long a request may take yet, as the host tells it. Nothing here is for plugins: Request::time_left() and
// mortise::time_left() are.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace mortise::detail {

/// None for UINT64_MAX, which is how the ABI says that there is no deadline.
inline std::optional<std::chrono::milliseconds> to_time_left(std::uint64_t ms) noexcept {
  if (ms == UINT64_MAX) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

}  // namespace mortise::detail
