// Amounts of money as they cross contracts, and exact arithmetic on them: whole units and billionths, no floating
// point. Part of boutique.currency/1; whoever takes or gives an amount needs this file alone.
#pragma once

#include <mortise/error.hpp>
#include <mortise/values.hpp>

#include <cstdint>
#include <string>

namespace boutique {

constexpr std::int32_t kNanosPerUnit = 1'000'000'000;
/// What an amount may be at most, either way: so that no product of an amount and a rate overflows.
constexpr std::int64_t kMostUnits = 1'000'000'000'000;

/// 1.75 EUR is {"EUR", 1, 750'000'000}, and -1.75 EUR is {"EUR", -1, -750'000'000}: both parts have one sign.
struct Money {
  mortise::Str currency;  // ISO 4217
  std::int64_t units;
  std::int32_t nanos;  // below kNanosPerUnit either way
};

/// The whole amount in billionths.
__extension__ using Nanos = __int128;

constexpr bool is_amount(const Money& money) noexcept {
  const bool has_one_sign = (money.units >= 0 && money.nanos >= 0) || (money.units <= 0 && money.nanos <= 0);
  return has_one_sign && money.nanos > -kNanosPerUnit && money.nanos < kNanosPerUnit && money.units <= kMostUnits &&
         money.units >= -kMostUnits;
}

/// Throws `invalid_argument` for what is no amount.
inline Nanos to_nanos(const Money& money) {
  if (!is_amount(money)) throw mortise::Error(mortise::Status::invalid_argument, "this is not an amount of money");
  return static_cast<Nanos>(money.units) * kNanosPerUnit + money.nanos;
}

/// The currency is borrowed. Throws `out_of_range` beyond kMostUnits.
inline Money to_money(mortise::Str currency, Nanos nanos) {
  constexpr auto kMost = static_cast<Nanos>(kMostUnits) * kNanosPerUnit;
  if (nanos > kMost || nanos < -kMost) {
    throw mortise::Error(mortise::Status::out_of_range, "the amount of money is too large");
  }
  return {currency, static_cast<std::int64_t>(nanos / kNanosPerUnit), static_cast<std::int32_t>(nanos % kNanosPerUnit)};
}

/// Throws `invalid_argument` when the currencies differ.
inline Money add(const Money& a, const Money& b) {
  if (a.currency != b.currency) {
    throw mortise::Error(mortise::Status::invalid_argument,
                         "cannot add " + std::string(b.currency.view()) + " to " + std::string(a.currency.view()));
  }
  return to_money(a.currency, to_nanos(a) + to_nanos(b));
}

inline Money multiply(const Money& money, std::int32_t times) {
  return to_money(money.currency, to_nanos(money) * times);
}

}  // namespace boutique
