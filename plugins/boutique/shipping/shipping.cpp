// Provides boutique.shipping/1. Nothing leaves the house: an order that is sent is one that has a tracking number.
#include <string>
#include <string_view>

#include <boutique/shipping.hpp>
#include <mortise/mortise.hpp>

#include "parcels.hpp"

namespace boutique {

class ShippingService : public mortise::Plugin {
 public:
  explicit ShippingService(mortise::Context& ctx) { ctx.provide<Shipping>(*this); }

  Money quote(std::int32_t things, std::string_view country) const { return quote_for(things, country); }
  std::string ship(std::string_view order, const Address& to) const {
    check_address(to);
    return tracking_number(order);
  }
  void check(const Address& to) const { check_address(to); }
};

}  // namespace boutique

MORTISE_PLUGIN(boutique::ShippingService)
