// What currencies are worth, and exact conversion between any two of them by way of the euro. Knows nothing of the
// host.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boutique/money.hpp>

namespace boutique {

/// So much of a currency for a euro is the most there may be, in billionths: kMostUnits of it still fit into Nanos when
/// they are multiplied with that.
constexpr std::int64_t kMostRate = 10'000'000LL * kNanosPerUnit;

/// Immutable: any thread may convert.
class Rates {
 public:
  /// Rates by currency, as decimals: {"USD", "1.13"}.
  using Given = std::map<std::string, std::string>;

  /// The rates that are built in, but for those in `given`. Throws `invalid_argument` for a currency that is not built
  /// in, for the euro, and for what is no rate.
  explicit Rates(const Given& given = {});

  /// In the order of the alphabet; constant texts.
  static std::span<const mortise::Str> codes() noexcept;
  /// As boutique.currency/1 has it. The result's currency is one of codes().
  [[nodiscard]] Money convert(const Money& amount, std::string_view to) const;

 private:
  [[nodiscard]] std::size_t find(std::string_view code) const;

  std::vector<std::int64_t> per_euro_;  // billionths, in the order of codes()
};

}  // namespace boutique
