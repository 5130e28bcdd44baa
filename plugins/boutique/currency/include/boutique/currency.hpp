// boutique.currency/1: what an amount is worth in another currency. Published by the team of `boutique-currency`.
#pragma once

#include <mortise/contract.hpp>

#include <string_view>

#include <boutique/money.hpp>

namespace boutique {

struct Currency {
  /// The codes of all currencies, ISO 4217, in the order of the alphabet.
  mortise::Method<mortise::List<mortise::Str>()> supported;
  /// Exact to the billionth, rounded half to even. Throws `not_found` for a currency that is not among supported().
  mortise::Method<Money(Money amount, std::string_view to)> convert;
};
MORTISE_CONTRACT(Currency, "boutique.currency", 1, supported, convert)
MORTISE_IDEMPOTENT(Currency, supported, convert)

}  // namespace boutique
