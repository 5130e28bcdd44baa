#include "money_text.hpp"

#include <gtest/gtest.h>

namespace boutique::frontend {
namespace {

TEST(MoneyText, HasTheSignAndTheDecimalsOfTheCurrency) {
  EXPECT_EQ(to_text({"USD", 12, 500'000'000}), "$12.50");
  EXPECT_EQ(to_text({"EUR", 0, 50'000'000}), "€0.05");
  EXPECT_EQ(to_text({"JPY", 1980, 0}), "¥1,980");
  EXPECT_EQ(to_text({"CHF", 7, 0}), "CHF\u00A07.00");
  EXPECT_EQ(to_text({"ISK", 350, 0}), "ISK\u00A0350");
}

TEST(MoneyText, RoundsHalfToEven) {
  EXPECT_EQ(to_text({"USD", 1, 4'999'999}), "$1.00");
  EXPECT_EQ(to_text({"USD", 1, 5'000'000}), "$1.00");
  EXPECT_EQ(to_text({"USD", 1, 5'000'001}), "$1.01");
  EXPECT_EQ(to_text({"USD", 1, 15'000'000}), "$1.02");
  EXPECT_EQ(to_text({"USD", 0, 999'999'999}), "$1.00");
  EXPECT_EQ(to_text({"USD", -1, -5'000'000}), "-$1.00");
  EXPECT_EQ(to_text({"USD", -1, -15'000'000}), "-$1.02");
  EXPECT_EQ(to_text({"JPY", 1, 500'000'000}), "¥2");
  EXPECT_EQ(to_text({"JPY", 2, 500'000'000}), "¥2");
}

TEST(MoneyText, HasNoSignOnNothing) { EXPECT_EQ(to_text({"USD", 0, -4'000'000}), "$0.00"); }

TEST(MoneyText, GroupsThousands) {
  EXPECT_EQ(to_text({"USD", 999, 0}), "$999.00");
  EXPECT_EQ(to_text({"USD", 1000, 0}), "$1,000.00");
  EXPECT_EQ(to_text({"USD", -1'234'567, -890'000'000}), "-$1,234,567.89");
  EXPECT_EQ(to_text({"USD", kMostUnits, 0}), "$1,000,000,000,000.00");
}

TEST(MoneyText, RefusesWhatIsNoAmount) { EXPECT_THROW(to_text({"USD", 1, -1}), mortise::Error); }

}  // namespace
}  // namespace boutique::frontend
