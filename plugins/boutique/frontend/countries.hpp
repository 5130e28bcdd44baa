// Where the shop sends things to.
#pragma once

#include <span>
#include <string_view>

namespace boutique::frontend {

struct Country {
  std::string_view code;  // ISO 3166-1, two capital letters
  std::string_view name;
};

/// In the order of their names.
std::span<const Country> countries() noexcept;
/// Null for a code that is not among them.
const Country* find_country(std::string_view code) noexcept;

constexpr std::string_view kUsualCountry = "US";

}  // namespace boutique::frontend
