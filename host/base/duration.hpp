// Times as people write them: "500ms", "90s", "2m", "1h".
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace mortise::base {

/// A whole number and its unit; nothing for anything else, and for what would be more than 100 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;

/// In the largest unit in which it is a whole number.
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace mortise::base
