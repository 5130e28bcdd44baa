// Whether a card can be charged, as far as its data tell. Knows no database; keeps nothing of the number but its last
// four digits, and repeats nothing of it in a message.
#pragma once

#include <boutique/payment.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace boutique {

/// What may be kept and logged of a card.
struct CardSummary {
  std::string_view brand;  // constant
  std::string last_four;
};

/// Throws `invalid_argument` with a message for the customer when the card is refused: a number that is none (digits,
/// length, check digit), a brand that is not taken, an expiry that is over or no month, a security code that is none. A
/// card is good until the last day of its month.
CardSummary check_card(const Card& card, std::chrono::year_month_day today);

/// By the digits that it begins with and how many it has; empty: none that is taken.
std::string_view brand_of(std::string_view digits);
/// Luhn's: doubles every second digit from the right.
bool has_check_digit(std::string_view digits);

}  // namespace boutique
