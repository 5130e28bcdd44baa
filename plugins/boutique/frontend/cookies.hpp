// What the shop keeps in visitors' browsers: the name of the cart, the currency, and the key of the order that the
// visitor's form would place: whatever becomes of an answer, the next form has the same key, and the order is placed
// once. A cookie that is malformed counts as none, and is replaced when there is something to keep.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace boutique::frontend {

/// The cart that a Cookie header names, if it is a token.
std::optional<std::string_view> cart_of(std::string_view cookies) noexcept;
/// The currency that it names, if that looks like one: three capital letters.
std::optional<std::string_view> currency_of(std::string_view cookies) noexcept;
/// The key of an order that it names, if it is a token.
std::optional<std::string_view> order_of(std::string_view cookies) noexcept;

/// Values for Set-Cookie. Out of the reach of scripts, and of what other sites have browsers send.
std::string keep_cart(std::string_view token, bool is_secure);
std::string keep_currency(std::string_view code, bool is_secure);
std::string keep_order(std::string_view key, bool is_secure);
/// For when it is placed: the next one needs another key.
std::string forget_order(bool is_secure);

}  // namespace boutique::frontend
