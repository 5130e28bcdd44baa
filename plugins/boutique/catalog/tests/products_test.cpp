#include "products.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace boutique {
namespace {

TEST(Products, AreFifteenDifferentOnes) {
  std::set<std::string_view> ids;
  std::set<std::string_view> names;
  for (const auto& one : all_products()) {
    ids.insert(one.id);
    names.insert(one.name);
  }
  EXPECT_EQ(all_products().size(), 15U);
  EXPECT_EQ(ids.size(), 15U);
  EXPECT_EQ(names.size(), 15U);
}

TEST(Products, HaveWhatTheContractPromises) {
  for (const auto& one : all_products()) {
    EXPECT_EQ(one.id.view().find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), std::string_view::npos);
    EXPECT_EQ(one.picture, one.id);
    EXPECT_FALSE(one.description.empty());
    EXPECT_FALSE(one.categories.empty()) << one.id.view();
    for (const auto category : one.categories) EXPECT_FALSE(category.empty());
    EXPECT_EQ(one.price.currency, "USD");
    EXPECT_TRUE(is_amount(one.price)) << one.id.view();
    EXPECT_GT(to_nanos(one.price), 0) << one.id.view();
    EXPECT_EQ(one.price.nanos % 10'000'000, 0) << one.id.view();
  }
}

TEST(Products, HavePricesInWholeCents) {
  EXPECT_EQ(product("mug").price.units, 16);
  EXPECT_EQ(product("mug").price.nanos, 950'000'000);
}

TEST(Products, AreFoundById) {
  for (const auto& one : all_products()) EXPECT_EQ(&product(one.id), &one);
}

TEST(Products, AreNotFoundByAnythingElse) {
  for (const auto* id : {"", "Mug", "mug ", "mu", "no-such-product"}) {
    try {
      product(id);
      ADD_FAILURE() << id;
    } catch (const mortise::Error& error) {
      EXPECT_EQ(error.status(), mortise::Status::not_found);
      EXPECT_EQ(error.what(), "there is no product '" + std::string(id) + "'");
    }
  }
}

}  // namespace
}  // namespace boutique
