#include "money_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace boutique::frontend {
namespace {

struct Form {
  std::string_view code;
  std::string_view sign;  // before the number; empty: the code and a space
  int decimals;
};
constexpr std::array<Form, 19> kForms{{{"AUD", "A$", 2},
                                       {"BRL", "R$", 2},
                                       {"CAD", "CA$", 2},
                                       {"CLP", "", 0},
                                       {"CNY", "CN¥", 2},
                                       {"EUR", "€", 2},
                                       {"GBP", "£", 2},
                                       {"HKD", "HK$", 2},
                                       {"ILS", "₪", 2},
                                       {"INR", "₹", 2},
                                       {"ISK", "", 0},
                                       {"JPY", "¥", 0},
                                       {"KRW", "₩", 0},
                                       {"MXN", "MX$", 2},
                                       {"NZD", "NZ$", 2},
                                       {"PHP", "₱", 2},
                                       {"TWD", "NT$", 2},
                                       {"USD", "$", 2},
                                       {"VND", "₫", 0}}};
constexpr std::string_view kSpace = "\u00A0";  // which no line ends at

/// The digits of a number that is not negative, in groups of three.
std::string grouped(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

/// Of what is not negative, half to even.
std::uint64_t divide(Nanos number, Nanos by) {
  const auto quotient = static_cast<std::uint64_t>(number / by);
  const auto twice_the_rest = number % by * 2;
  const bool is_up = twice_the_rest > by || (twice_the_rest == by && quotient % 2 != 0);
  return quotient + (is_up ? 1 : 0);
}

}  // namespace

std::string to_text(const Money& money) {
  const auto nanos = to_nanos(money);
  const auto* const known =
      std::find_if(kForms.begin(), kForms.end(), [&](const Form& form) { return money.currency == form.code; });
  const auto decimals = known == kForms.end() ? 2 : known->decimals;
  const std::uint64_t parts = decimals == 0 ? 1 : 100;  // of a unit
  const auto nanos_per_part = static_cast<Nanos>(kNanosPerUnit) / static_cast<Nanos>(parts);
  const auto amount = divide(nanos < 0 ? -nanos : nanos, nanos_per_part);

  std::string text(nanos < 0 && amount > 0 ? "-" : "");
  if (known == kForms.end() || known->sign.empty()) {
    text.append(money.currency.view()).append(kSpace);
  } else {
    text += known->sign;
  }
  text += grouped(amount / parts);
  if (decimals > 0) {
    const auto rest = amount % parts;
    text += '.';
    text += static_cast<char>('0' + rest / 10);
    text += static_cast<char>('0' + rest % 10);
  }
  return text;
}

}  // namespace boutique::frontend
