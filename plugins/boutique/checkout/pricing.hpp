// What a cart costs its customer at this moment: asks the other services, and keeps nothing.
#pragma once

#include <boutique/checkout.hpp>

#include <string_view>

#include "kept_order.hpp"
#include "services.hpp"

namespace boutique {

/// Each price, and the shipping, is converted by itself, exactly. Throws `invalid_argument` for a currency that is not
/// taken, a product that is not for sale, an address that is not sent to, and an empty cart;
/// what the services throw. [in-scope]
KeptOrder price(const Services& services, std::string_view key, std::string_view cart, const Customer& customer);

}  // namespace boutique
