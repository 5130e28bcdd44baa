// boutique.cart/1: what visitors mean to buy. Published by the team of `boutique-cart`.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <string_view>

namespace boutique {

constexpr std::int32_t kMostOfOne = 99;      // of one product in a cart
constexpr std::int32_t kMostProducts = 100;  // different ones in a cart

struct CartItem {
  mortise::Str product;
  std::int32_t quantity;  // 1 to kMostOfOne
};

/// A cart has the name that its visitor alone knows: 32 hexadecimal digits, drawn at random by the storefront. One that
/// nothing was put into is empty. Any other name is refused with `invalid_argument`.
struct Cart {
  /// In the order in which the products came in.
  mortise::Method<mortise::List<CartItem>(std::string_view cart)> items;
  /// Adds to what is there. Throws `invalid_argument` for a quantity below 1, `out_of_range` when more than kMostOfOne
  /// of the product or kMostProducts products would be in it; the cart is as it was, then.
  mortise::Method<void(std::string_view cart, std::string_view product, std::int32_t quantity)> add;
  /// So many of it are in the cart then; 0 takes the product out. Throws like add().
  mortise::Method<void(std::string_view cart, std::string_view product, std::int32_t quantity)> set;
  mortise::Method<void(std::string_view cart)> empty;
};
MORTISE_CONTRACT(Cart, "boutique.cart", 1, items, add, set, empty)
MORTISE_IDEMPOTENT(Cart, items, set, empty)

}  // namespace boutique
