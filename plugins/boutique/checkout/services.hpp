// The services of other teams that placing an order needs, as one request has them.
#pragma once

#include <boutique/cart.hpp>
#include <boutique/catalog.hpp>
#include <boutique/currency.hpp>
#include <boutique/payment.hpp>
#include <boutique/shipping.hpp>

namespace boutique {

/// Valid until the scope ends.
struct Services {
  const Cart& cart;
  const Catalog& catalog;
  const Currency& currency;
  const Payment& payment;
  const Shipping& shipping;
};

}  // namespace boutique
