#include "cookies.hpp"

#include <algorithm>

#include "token.hpp"

namespace boutique::frontend {
namespace {

constexpr std::string_view kCart = "boutique-cart";
constexpr std::string_view kCurrency = "boutique-currency";
constexpr std::string_view kOrder = "boutique-order";

bool is_currency(std::string_view text) noexcept {
  return text.size() == 3 && std::all_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// The first well-formed one of that name.
std::optional<std::string_view> find(std::string_view cookies, std::string_view name,
                                     bool (*is_well_formed)(std::string_view) noexcept) noexcept {
  while (!cookies.empty()) {
    auto pair = cookies.substr(0, cookies.find(';'));
    cookies.remove_prefix(std::min(cookies.size(), pair.size() + 1));
    pair.remove_prefix(std::min(pair.find_first_not_of(' '), pair.size()));
    if (pair.size() <= name.size() || !pair.starts_with(name) || pair[name.size()] != '=') continue;
    const auto value = pair.substr(name.size() + 1);
    if (is_well_formed(value)) return value;
  }
  return std::nullopt;
}

std::string keep(std::string_view name, std::string_view value, std::string_view max_age_s, bool is_secure) {
  std::string text(name);
  text.append("=").append(value).append("; Path=/shop; Max-Age=").append(max_age_s).append("; HttpOnly; SameSite=Lax");
  if (is_secure) text += "; Secure";
  return text;
}

}  // namespace

std::optional<std::string_view> cart_of(std::string_view cookies) noexcept { return find(cookies, kCart, is_token); }
std::optional<std::string_view> currency_of(std::string_view cookies) noexcept {
  return find(cookies, kCurrency, is_currency);
}
std::optional<std::string_view> order_of(std::string_view cookies) noexcept { return find(cookies, kOrder, is_token); }

std::string keep_cart(std::string_view token, bool is_secure) { return keep(kCart, token, "2592000", is_secure); }
std::string keep_currency(std::string_view code, bool is_secure) {
  return keep(kCurrency, code, "31536000", is_secure);
}
std::string keep_order(std::string_view key, bool is_secure) { return keep(kOrder, key, "2592000", is_secure); }
std::string forget_order(bool is_secure) { return keep(kOrder, {}, "0", is_secure); }

}  // namespace boutique::frontend
