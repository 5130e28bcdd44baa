// boutique.shipping/1: what it costs to send things, and sending them. Published by the team of `boutique-shipping`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <string_view>

#include <boutique/money.hpp>

namespace boutique {

struct Address {
  mortise::Str name;
  mortise::Str street;
  mortise::Str city;
  mortise::Str postal_code;
  mortise::Str country;  // ISO 3166-1, two capital letters
};

struct Shipping {
  /// For so many things to a country, in USD; nothing for no thing. Throws `invalid_argument` for a country that is not
  /// two capital letters, or a negative number.
  mortise::Method<Money(std::int32_t things, std::string_view country)> quote;
  /// Has an order sent, and gives its tracking number: the same for the same order, however often it is asked for.
  /// Throws `invalid_argument` for an order without a key, or an address that lacks something.
  mortise::Method<mortise::Str(std::string_view order, Address to)> ship;
  /// Throws `invalid_argument`, with a message for the customer, for an address that nothing can be sent to, as ship()
  /// would: to be asked before anybody pays. It may become one until ship() is called.
  mortise::Method<void(Address to)> check;
};
MORTISE_CONTRACT(Shipping, "boutique.shipping", 1, quote, ship, check)
MORTISE_IDEMPOTENT(Shipping, quote, ship, check)

}  // namespace boutique
