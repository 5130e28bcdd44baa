// The contract zoo.currency/1 as its provider's team would publish it for C++; zoo_currency.h is the same for C.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <string_view>

namespace zoo {

struct Money {
  std::int64_t amount;
  mortise::Str unit;
};

struct Currency {
  mortise::Method<Money(Money money, std::string_view to)> convert;
  mortise::Method<mortise::List<mortise::Str>()> supported;
};
MORTISE_CONTRACT(Currency, "zoo.currency", 1, convert, supported)
MORTISE_IDEMPOTENT(Currency, supported)

}  // namespace zoo
