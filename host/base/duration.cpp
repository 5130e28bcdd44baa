#include "base/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>

namespace mortise::base {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 4> kUnits{{{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::int64_t kMost = std::int64_t{100} * 366 * 24 * 3600000;

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : kUnits) {
    if (text == unit.name && number <= kMost / unit.milliseconds) {
      return std::chrono::milliseconds(number * unit.milliseconds);
    }
  }
  return std::nullopt;
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  for (const auto& unit : kUnits) {
    if (count != 0 && count % unit.milliseconds == 0) {
      return std::to_string(count / unit.milliseconds).append(unit.name);
    }
  }
  return std::to_string(count) + "ms";
}

}  // namespace mortise::base
