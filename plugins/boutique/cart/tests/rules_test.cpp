#include "rules.hpp"

#include <gtest/gtest.h>
#include <boutique/cart.hpp>
#include <mortise/error.hpp>

#include <functional>
#include <limits>
#include <optional>
#include <string>

namespace boutique {
namespace {

using mortise::Status;

/// With which status something is refused, if it is.
std::optional<Status> refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const mortise::Error& error) {
    return error.status();
  }
  return std::nullopt;
}

TEST(CartRulesTest, ACartIsNamedByThirtyTwoHexadecimalDigits) {
  EXPECT_NO_THROW(check_cart("0123456789abcdef0123456789ABCDEF"));
  const std::string digits(32, '0');
  for (const auto& name : {std::string(), digits.substr(1), digits + "0", digits.substr(1) + "g",
                           digits.substr(1) + " ", digits.substr(1) + std::string(1, '\0')}) {
    EXPECT_EQ(refusal([&] { check_cart(name); }), Status::invalid_argument) << "'" << name << "'";
  }
}

TEST(CartRulesTest, AProductIsNamedAsTheCatalogueNamesThem) {
  EXPECT_NO_THROW(check_product("teapot-2"));
  EXPECT_NO_THROW(check_product(std::string(64, 'a')));
  for (const auto& id : {std::string(), std::string("Teapot"), std::string("tea pot"), std::string("tea'"),
                         std::string("t\xc3\xa9"), std::string(65, 'a')}) {
    EXPECT_EQ(refusal([&] { check_product(id); }), Status::invalid_argument) << "'" << id << "'";
  }
}

TEST(CartRulesTest, NothingAndLessCannotBeAdded) {
  EXPECT_NO_THROW(check_added(1));
  EXPECT_EQ(refusal([] { check_added(0); }), Status::invalid_argument);
  EXPECT_EQ(refusal([] { check_added(std::numeric_limits<std::int32_t>::min()); }), Status::invalid_argument);
}

TEST(CartRulesTest, OfOneProductThereAreNoneToNinetyNine) {
  EXPECT_NO_THROW(check_in_cart("teapot", 0));
  EXPECT_NO_THROW(check_in_cart("teapot", kMostOfOne));
  EXPECT_EQ(refusal([] { check_in_cart("teapot", -1); }), Status::invalid_argument);
  EXPECT_EQ(refusal([] { check_in_cart("teapot", kMostOfOne + 1); }), Status::out_of_range);
  EXPECT_EQ(refusal([] { check_in_cart("teapot", std::numeric_limits<std::int64_t>::max()); }), Status::out_of_range);
}

TEST(CartRulesTest, ThereAreAHundredDifferentProducts) {
  EXPECT_NO_THROW(check_products(kMostProducts));
  EXPECT_EQ(refusal([] { check_products(kMostProducts + 1); }), Status::out_of_range);
}

}  // namespace
}  // namespace boutique
