#include "amount_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace boutique {
namespace {

constexpr int kDecimalsOfNanos = 9;

constexpr std::array<std::string_view, 17> kWithNone{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG",
                                                     "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"};
constexpr std::array<std::string_view, 7> kWithThree{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
constexpr std::array<std::string_view, 2> kWithFour{"CLF", "UYW"};

Nanos power_of_ten(int exponent) {
  Nanos power = 1;
  for (int i = 0; i < exponent; ++i) power *= 10;
  return power;
}

/// Of what is not negative.
Nanos divide_half_to_even(Nanos number, Nanos by) {
  const auto quotient = number / by;
  const auto twice_the_rest = number % by * 2;
  const bool is_up = twice_the_rest > by || (twice_the_rest == by && quotient % 2 != 0);
  return quotient + (is_up ? 1 : 0);
}

}  // namespace

int decimals_of(std::string_view currency) {
  const auto is_in = [currency](const auto& codes) {
    return std::find(codes.begin(), codes.end(), currency) != codes.end();
  };
  if (is_in(kWithNone)) return 0;
  if (is_in(kWithThree)) return 3;
  return is_in(kWithFour) ? 4 : 2;
}

std::string to_text(const Money& money) {
  const auto nanos = to_nanos(money);
  const auto decimals = decimals_of(money.currency);
  const auto rounded = divide_half_to_even(nanos < 0 ? -nanos : nanos, power_of_ten(kDecimalsOfNanos - decimals));
  const auto per_unit = power_of_ten(decimals);
  auto text = std::to_string(static_cast<std::int64_t>(rounded / per_unit));
  if (decimals > 0) {
    const auto digits = std::to_string(static_cast<std::int64_t>(rounded % per_unit));
    text += "." + std::string(static_cast<std::size_t>(decimals) - digits.size(), '0') + digits;
  }
  return (nanos < 0 && rounded != 0 ? "-" : "") + text + " " + money.currency.string();
}

}  // namespace boutique
