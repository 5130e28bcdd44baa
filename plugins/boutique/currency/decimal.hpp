// Decimal numbers as people write them, without a detour through binary fractions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace boutique {

/// "1.1305" in billionths: 1'130'500'000. Digits, then at most nine more behind a point; none for any other text, and
/// for a number that is zero or above `most`.
constexpr std::optional<std::int64_t> parse_billionths(std::string_view text, std::int64_t most) {
  constexpr int kPlaces = 9;
  std::int64_t number = 0;
  // False once the number is above `most`.
  const auto append = [&](int digit) {
    if (number > (most - digit) / 10) return false;
    number = number * 10 + digit;
    return true;
  };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };

  const auto point = text.find('.');
  const auto whole = text.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (whole.empty() || (fraction.empty() && point != std::string_view::npos) || fraction.size() > kPlaces) {
    return std::nullopt;
  }
  for (const auto digits : {whole, fraction}) {
    for (const char c : digits) {
      if (!is_digit(c) || !append(c - '0')) return std::nullopt;
    }
  }
  for (auto place = fraction.size(); place < kPlaces; ++place) {
    if (!append(0)) return std::nullopt;
  }
  return number == 0 ? std::nullopt : std::optional(number);
}

}  // namespace boutique
