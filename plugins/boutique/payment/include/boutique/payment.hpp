// boutique.payment/1: charges cards. Published by the team of `boutique-payment`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <string_view>

#include <boutique/money.hpp>

namespace boutique {

struct Card {
  mortise::Str number;  // digits; spaces and '-' between them do not matter
  std::int32_t security_code;
  std::int32_t expiry_year;   // 2031
  std::int32_t expiry_month;  // 1 to 12
};

struct Payment {
  /// Charges the card once for an order: asked again for the same order, it gives the transaction that there is and
  /// charges nothing. Throws `invalid_argument` with a message for the customer when the card is refused (number, brand
  /// other than Visa and Mastercard, expired) and for an amount that is not above zero, `failed_precondition` for an
  /// order that was cancelled; nothing is charged then.
  mortise::Method<mortise::Str(std::string_view order, Money amount, Card card)> charge;
  /// The transaction of an order, or an empty text: it was not charged, or that was cancelled.
  mortise::Method<mortise::Str(std::string_view order)> transaction;
  /// Gives back what was charged for an order, if anything was, and has nothing be charged for it any more, whoever
  /// asks, and however late.
  mortise::Method<void(std::string_view order)> cancel;
};
MORTISE_CONTRACT(Payment, "boutique.payment", 1, charge, transaction, cancel)
MORTISE_IDEMPOTENT(Payment, charge, transaction, cancel)

}  // namespace boutique
