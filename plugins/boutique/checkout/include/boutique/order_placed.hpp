// boutique.order-placed/1: an order is paid for and on its way. Told durably by `boutique-checkout`.
#pragma once

#include <mortise/event.hpp>

#include <boutique/checkout.hpp>

namespace boutique {

struct OrderPlaced {
  mortise::Str key;   // of the order
  mortise::Str cart;  // which has become the order
  Order order;
};
MORTISE_EVENT(OrderPlaced, "boutique.order-placed", 1, key)

}  // namespace boutique
