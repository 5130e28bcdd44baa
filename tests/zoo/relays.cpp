// Provides zoo.currency/1 by asking the provider of that name.
#include <mortise/mortise.hpp>

#include "zoo_currency.hpp"

namespace {

class Relays : public mortise::Plugin {
 public:
  explicit Relays(mortise::Context& ctx) : currency_(ctx.require<zoo::Currency>("currency")) {
    ctx.provide<zoo::Currency>(*this);
  }

  [[nodiscard]] zoo::Money convert(const zoo::Money& money, std::string_view to) const {
    return currency_->convert(money, to);
  }
  [[nodiscard]] mortise::List<mortise::Str> supported() const { return currency_->supported(); }

 private:
  mortise::Slot<zoo::Currency> currency_;
};

}  // namespace

MORTISE_PLUGIN(Relays)
