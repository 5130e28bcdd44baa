#include "countries.hpp"

#include <algorithm>
#include <array>

namespace boutique::frontend {
namespace {

constexpr std::array kCountries = std::to_array<Country>(
    {{"AR", "Argentina"},    {"AU", "Australia"},   {"AT", "Austria"},        {"BE", "Belgium"},
     {"BR", "Brazil"},       {"CA", "Canada"},      {"CL", "Chile"},          {"CN", "China"},
     {"HR", "Croatia"},      {"CZ", "Czechia"},     {"DK", "Denmark"},        {"EE", "Estonia"},
     {"FI", "Finland"},      {"FR", "France"},      {"DE", "Germany"},        {"GR", "Greece"},
     {"HU", "Hungary"},      {"IS", "Iceland"},     {"IN", "India"},          {"IE", "Ireland"},
     {"IL", "Israel"},       {"IT", "Italy"},       {"JP", "Japan"},          {"LV", "Latvia"},
     {"LT", "Lithuania"},    {"LU", "Luxembourg"},  {"MX", "Mexico"},         {"NL", "Netherlands"},
     {"NZ", "New Zealand"},  {"NO", "Norway"},      {"PL", "Poland"},         {"PT", "Portugal"},
     {"RO", "Romania"},      {"SG", "Singapore"},   {"SK", "Slovakia"},       {"SI", "Slovenia"},
     {"ZA", "South Africa"}, {"KR", "South Korea"}, {"ES", "Spain"},          {"SE", "Sweden"},
     {"CH", "Switzerland"},  {"TR", "Türkiye"},     {"GB", "United Kingdom"}, {"US", "United States"}});

}  // namespace

std::span<const Country> countries() noexcept { return kCountries; }

const Country* find_country(std::string_view code) noexcept {
  const auto* const found =
      std::find_if(kCountries.begin(), kCountries.end(), [&](const Country& one) { return one.code == code; });
  return found == kCountries.end() ? nullptr : found;
}

}  // namespace boutique::frontend
