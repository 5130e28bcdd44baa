#include "card_check.hpp"

#include <algorithm>
#include <charconv>
#include <mortise/error.hpp>

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

constexpr std::size_t kMostDigits = 19;   // ISO/IEC 7812
constexpr std::size_t kMostLength = 100;  // with what stands between them

[[noreturn]] void refuse(const char* why) { throw Error(Status::invalid_argument, why); }

/// Without what does not matter between them.
std::string digits_of(std::string_view number) {
  constexpr const char* kNone = "this is not the number of a card";
  if (number.size() > kMostLength) refuse(kNone);
  std::string digits;
  for (const char c : number) {
    if (c == ' ' || c == '-') continue;
    if (c < '0' || c > '9' || digits.size() == kMostDigits) refuse(kNone);
    digits += c;
  }
  return digits;
}

void check_expiry(const Card& card, std::chrono::year_month_day today) {
  if (card.expiry_month < 1 || card.expiry_month > 12 || card.expiry_year < 1000 || card.expiry_year > 9999) {
    refuse("a card's expiry is a month from 1 to 12 and a year of four digits");
  }
  const std::chrono::year_month expiry(std::chrono::year(card.expiry_year),
                                       std::chrono::month(static_cast<unsigned>(card.expiry_month)));
  if (expiry < today.year() / today.month()) refuse("the card has expired");
}

}  // namespace

std::string_view brand_of(std::string_view digits) {
  if (digits.size() < 4) return {};
  if (digits[0] == '4') {
    return digits.size() == 13 || digits.size() == 16 || digits.size() == 19 ? "Visa" : std::string_view();
  }
  int first_four = 0;
  std::from_chars(digits.data(), digits.data() + 4, first_four);
  const bool is_of_range = (first_four >= 5100 && first_four <= 5599) || (first_four >= 2221 && first_four <= 2720);
  return is_of_range && digits.size() == 16 ? "Mastercard" : std::string_view();
}

bool has_check_digit(std::string_view digits) {
  int sum = 0;
  for (std::size_t from_right = 0; from_right < digits.size(); ++from_right) {
    const int digit = digits[digits.size() - 1 - from_right] - '0';
    const int weighed = from_right % 2 == 0 ? digit : 2 * digit;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return !digits.empty() && sum % 10 == 0;
}

CardSummary check_card(const Card& card, std::chrono::year_month_day today) {
  const auto digits = digits_of(card.number);
  if (!has_check_digit(digits)) refuse("the card's number is not right; please look at its digits again");
  const auto brand = brand_of(digits);
  if (brand.empty()) refuse("we take Visa and Mastercard alone");
  check_expiry(card, today);
  if (card.security_code < 0 || card.security_code > 999) refuse("the card's security code has three digits");
  return {brand, digits.substr(digits.size() - 4)};
}

}  // namespace boutique
