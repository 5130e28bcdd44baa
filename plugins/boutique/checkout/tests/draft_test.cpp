#include "draft.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace boutique {
namespace {

const Customer kCustomer{"ada@example.com",
                         "EUR",
                         {"Ada Lovelace", "12 St James's Square", "London", "SW1Y 4JH", "GB"},
                         {"4111111111111111", 123, 2031, 6}};

KeptOrder draft_of(const std::vector<OrderLine>& lines, const Money& shipping) {
  return draft("key", "cart", kCustomer, lines, shipping);
}

TEST(DraftTest, TheTotalIsExact) {
  const auto kept = draft_of({{"bead", "Bead", 99, {"EUR", 0, 333'333'333}}, {"pot", "Pot", 1, {"EUR", 7, 1}}},
                             {"EUR", 4, 999'999'999});
  EXPECT_EQ(kept.order.total_units, 44);
  EXPECT_EQ(kept.order.total_nanos, 999'999'967);
}

TEST(DraftTest, ComesBackAsItWas) {
  const auto kept = draft_of({{"pot", "Pot", 2, {"EUR", 7, 500'000'000}}}, {"EUR", 4, 0});
  EXPECT_FALSE(kept.order.is_placed);
  const std::vector<OrderLine> lines{to_line(kept.order, kept.lines.at(0))};
  const auto order = to_order(kept.order, lines);
  EXPECT_EQ(order.id, "key");
  EXPECT_EQ(kept.order.cart, "cart");
  EXPECT_EQ(order.email, "ada@example.com");
  EXPECT_EQ(order.address.postal_code, "SW1Y 4JH");
  EXPECT_EQ(order.lines[0].product, "pot");
  EXPECT_EQ(order.lines[0].name, "Pot");
  EXPECT_EQ(order.lines[0].quantity, 2);
  EXPECT_EQ(order.lines[0].price.currency, "EUR");
  EXPECT_EQ(order.lines[0].price.units, 7);
  EXPECT_EQ(order.shipping.units, 4);
  EXPECT_EQ(order.total.units, 19);
  EXPECT_EQ(order.total.currency, "EUR");
}

TEST(DraftTest, AmountsHaveOneCurrency) {
  EXPECT_THROW(draft_of({{"pot", "Pot", 1, {"USD", 7, 0}}}, {"EUR", 4, 0}), mortise::Error);
}

TEST(DraftTest, ATotalHasALimit) {
  EXPECT_THROW(draft_of({{"pot", "Pot", 2, {"EUR", kMostUnits, 0}}}, {"EUR", 0, 0}), mortise::Error);
  EXPECT_THROW(draft_of({{"pot", "Pot", 1, {"EUR", kMostUnits, 0}}}, {"EUR", 0, 1}), mortise::Error);
}

}  // namespace
}  // namespace boutique
