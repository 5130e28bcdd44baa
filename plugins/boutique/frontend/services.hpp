// The contracts that the pages are made of.
#pragma once

#include <boutique/ads.hpp>
#include <boutique/cart.hpp>
#include <boutique/catalog.hpp>
#include <boutique/checkout.hpp>
#include <boutique/currency.hpp>
#include <boutique/email.hpp>
#include <boutique/recommendation.hpp>
#include <boutique/shipping.hpp>
#include <mortise/plugin.hpp>

namespace boutique::frontend {

struct Services {
  explicit Services(mortise::Context& ctx)
      : catalog(ctx.require<Catalog>()),
        currency(ctx.require<Currency>()),
        cart(ctx.require<Cart>()),
        shipping(ctx.require_optional<Shipping>()),
        checkout(ctx.require_optional<Checkout>()),
        recommendation(ctx.require_optional<Recommendation>()),
        ads(ctx.require_optional<Ads>()),
        email(ctx.require_optional<Email>()) {}

  mortise::Slot<Catalog> catalog;
  mortise::Slot<Currency> currency;
  mortise::Slot<Cart> cart;
  // Without these two there is no checking out.
  mortise::OptionalSlot<Shipping> shipping;
  mortise::OptionalSlot<Checkout> checkout;
  // Without these the pages lack a part.
  mortise::OptionalSlot<Recommendation> recommendation;
  mortise::OptionalSlot<Ads> ads;
  mortise::OptionalSlot<Email> email;
};

}  // namespace boutique::frontend
