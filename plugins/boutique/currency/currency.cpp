// Provides boutique.currency/1. The rates are built in; the admin may give others.
#include <string_view>

#include <boutique/currency.hpp>
#include <mortise/mortise.hpp>

#include "rates.hpp"

namespace boutique {

class CurrencyService : public mortise::Plugin {
 public:
  explicit CurrencyService(mortise::Context& ctx) : rates_(ctx.config().value("rates", Rates::Given())) {
    ctx.provide<Currency>(*this);
  }

  mortise::List<mortise::Str> supported() const { return Rates::codes(); }
  Money convert(const Money& amount, std::string_view to) const { return rates_.convert(amount, to); }

 private:
  const Rates rates_;
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::CurrencyService)
