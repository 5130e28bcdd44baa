#include "cookies.hpp"

#include <gtest/gtest.h>

namespace boutique::frontend {
namespace {

constexpr std::string_view kToken = "0123456789abcdef0123456789abcdef";

TEST(Cookies, AreFoundAmongOthers) {
  const auto header = "theme=dark; boutique-cart=" + std::string(kToken) + ";boutique-currency=EUR; x=y";
  EXPECT_EQ(cart_of(header), kToken);
  EXPECT_EQ(currency_of(header), "EUR");
  EXPECT_EQ(order_of("boutique-cart=x; boutique-order=" + std::string(kToken)), kToken);
}

TEST(Cookies, CountAsNoneWhenMalformed) {
  for (const auto* const header :
       {"", ";", "boutique-cart", "boutique-cart=", "boutique-cart=abc", "boutique-order=", "boutique-currency=eur",
        "boutique-currency=EURO", "xboutique-currency=EUR", "boutique-currencyx=EUR", "boutique-currency =EUR"}) {
    EXPECT_EQ(cart_of(header), std::nullopt) << header;
    EXPECT_EQ(currency_of(header), std::nullopt) << header;
    EXPECT_EQ(order_of(header), std::nullopt) << header;
  }
}

TEST(Cookies, OfOneNameAreLookedThroughForAWellFormedOne) {
  EXPECT_EQ(currency_of("boutique-currency=<script>; boutique-currency=JPY"), "JPY");
}

TEST(Cookies, AreKeptFromScriptsAndOtherSites) {
  EXPECT_EQ(keep_cart(kToken, false),
            "boutique-cart=" + std::string(kToken) + "; Path=/shop; Max-Age=2592000; HttpOnly; SameSite=Lax");
  EXPECT_EQ(keep_currency("EUR", true),
            "boutique-currency=EUR; Path=/shop; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(keep_order(kToken, true),
            "boutique-order=" + std::string(kToken) + "; Path=/shop; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure");
  EXPECT_EQ(forget_order(false), "boutique-order=; Path=/shop; Max-Age=0; HttpOnly; SameSite=Lax");
}

}  // namespace
}  // namespace boutique::frontend
