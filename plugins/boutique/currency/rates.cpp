#include "rates.hpp"

#include <algorithm>
#include <array>
#include <functional>

#include "decimal.hpp"

namespace boutique {
namespace {

using mortise::Error;
using mortise::Status;

struct Rate {
  mortise::Str code;
  std::int64_t per_euro;  // billionths
};

/// A text that is no rate does not compile.
consteval Rate rate(const char* code, std::string_view per_euro) {
  return {code, parse_billionths(per_euro, kMostRate).value()};
}

constexpr std::array kRates{
    rate("AUD", "1.7218"),  rate("BGN", "1.9558"),  rate("BRL", "6.2640"),  rate("CAD", "1.5574"),
    rate("CHF", "0.9381"),  rate("CNY", "8.1195"),  rate("CZK", "24.882"),  rate("DKK", "7.4609"),
    rate("EUR", "1"),       rate("GBP", "0.8512"),  rate("HKD", "8.8743"),  rate("HUF", "402.85"),
    rate("IDR", "18462"),   rate("ILS", "4.0117"),  rate("INR", "96.735"),  rate("ISK", "143.30"),
    rate("JPY", "163.47"),  rate("KRW", "1558.96"), rate("MXN", "21.6084"), rate("MYR", "4.8252"),
    rate("NOK", "11.5845"), rate("NZD", "1.8796"),  rate("PHP", "63.419"),  rate("PLN", "4.2676"),
    rate("RON", "5.0541"),  rate("SEK", "10.9380"), rate("SGD", "1.4588"),  rate("THB", "37.152"),
    rate("TRY", "43.9071"), rate("USD", "1.1305"),  rate("ZAR", "20.3365")};

constexpr auto kCodes = [] {
  std::array<mortise::Str, kRates.size()> codes;
  std::transform(kRates.begin(), kRates.end(), codes.begin(), [](const Rate& one) { return one.code; });
  return codes;
}();

/// A code as one number, in the order of the alphabet: compared in one step. 0 for what cannot be a code.
constexpr std::uint32_t key_of(std::string_view code) noexcept {
  if (code.size() != 3) return 0;
  std::uint32_t key = 0;
  for (const char c : code) key = key << 8U | static_cast<unsigned char>(c);
  return key;
}

constexpr auto kKeys = [] {
  std::array<std::uint32_t, kRates.size()> keys{};
  std::transform(kRates.begin(), kRates.end(), keys.begin(), [](const Rate& one) { return key_of(one.code); });
  return keys;
}();
static_assert(std::adjacent_find(kKeys.begin(), kKeys.end(), std::greater_equal<>()) == kKeys.end());

[[noreturn]] void refuse(const std::string& code, const std::string& why) {
  throw Error(Status::invalid_argument, "config: rates: '" + code + "': " + why);
}

/// `value * times / by`, rounded half to even.
Nanos scale(Nanos value, std::int64_t times, std::int64_t by) {
  const Nanos product = value * times;
  const Nanos quotient = product / by;
  const Nanos rest = product % by;
  const Nanos twice = rest < 0 ? -2 * rest : 2 * rest;
  if (twice < by || (twice == by && quotient % 2 == 0)) return quotient;
  return quotient + (product < 0 ? -1 : 1);
}

}  // namespace

Rates::Rates(const Given& given) {
  for (const auto& one : kRates) per_euro_.push_back(one.per_euro);
  for (const auto& [code, text] : given) {
    const auto* const known = std::find(kCodes.begin(), kCodes.end(), code);
    if (known == kCodes.end()) refuse(code, "no currency that is built in; leave it out");
    if (code == "EUR") refuse(code, "all rates are for a euro; leave it out");
    const auto parsed = parse_billionths(text, kMostRate);
    if (!parsed) {
      refuse(code, "'" + text +
                       "' is no rate; write what a euro is worth as a decimal above 0 and up to 10000000, with at most "
                       "nine places, such as \"1.1305\"");
    }
    per_euro_[static_cast<std::size_t>(known - kCodes.begin())] = *parsed;
  }
}

std::span<const mortise::Str> Rates::codes() noexcept { return kCodes; }

Money Rates::convert(const Money& amount, std::string_view to) const {
  const auto source = find(amount.currency);
  const auto target = find(to);
  return to_money(kCodes[target], scale(to_nanos(amount), per_euro_[target], per_euro_[source]));
}

std::size_t Rates::find(std::string_view code) const {
  const auto key = key_of(code);
  const auto* const found = std::lower_bound(kKeys.begin(), kKeys.end(), key);
  if (found == kKeys.end() || *found != key) {
    throw Error(Status::not_found, "there is no rate for the currency '" + std::string(code) + "'");
  }
  return static_cast<std::size_t>(found - kKeys.begin());
}

}  // namespace boutique
