// What a cart may be called and may hold: checked here, so that the store holds nothing else. Knows no database.
#pragma once

#include <cstdint>
#include <string_view>

namespace boutique {

/// All throw mortise::Error with a message for whoever has called, as boutique.cart/1 says.
void check_cart(std::string_view name);
void check_product(std::string_view id);
/// Of what is added.
void check_added(std::int32_t quantity);
/// Of what is in the cart then; 0 is none.
void check_in_cart(std::string_view product, std::int64_t quantity);
void check_products(std::int64_t count);

}  // namespace boutique
