#include "amount_text.hpp"

#include <gtest/gtest.h>

namespace boutique {
namespace {

TEST(AmountTextTest, HasTheDecimalsOfItsCurrency) {
  EXPECT_EQ(to_text({"EUR", 19, 900'000'000}), "19.90 EUR");
  EXPECT_EQ(to_text({"EUR", 19, 0}), "19.00 EUR");
  EXPECT_EQ(to_text({"USD", 0, 70'000'000}), "0.07 USD");
  EXPECT_EQ(to_text({"JPY", 1250, 0}), "1250 JPY");
  EXPECT_EQ(to_text({"KWD", 1, 5'000'000}), "1.005 KWD");
  EXPECT_EQ(to_text({"CLF", 1, 500'000}), "1.0005 CLF");
}

TEST(AmountTextTest, IsRoundedHalfToEven) {
  EXPECT_EQ(to_text({"EUR", 0, 5'000'000}), "0.00 EUR");
  EXPECT_EQ(to_text({"EUR", 0, 5'000'001}), "0.01 EUR");
  EXPECT_EQ(to_text({"EUR", 0, 15'000'000}), "0.02 EUR");
  EXPECT_EQ(to_text({"EUR", 0, 14'999'999}), "0.01 EUR");
  EXPECT_EQ(to_text({"EUR", 0, 995'000'000}), "1.00 EUR");
  EXPECT_EQ(to_text({"JPY", 2, 500'000'000}), "2 JPY");
  EXPECT_EQ(to_text({"JPY", 3, 500'000'000}), "4 JPY");
}

TEST(AmountTextTest, BelowZeroIsRoundedAsAboveIt) {
  EXPECT_EQ(to_text({"EUR", -1, -750'000'000}), "-1.75 EUR");
  EXPECT_EQ(to_text({"EUR", 0, -15'000'000}), "-0.02 EUR");
  EXPECT_EQ(to_text({"EUR", 0, -1}), "0.00 EUR") << "no minus before nothing";
}

TEST(AmountTextTest, TheLargestAmountIsExact) {
  EXPECT_EQ(to_text({"EUR", kMostUnits, 0}), "1000000000000.00 EUR");
  EXPECT_EQ(to_text({"EUR", kMostUnits - 1, 990'000'000}), "999999999999.99 EUR");
  EXPECT_EQ(to_text({"CLF", -kMostUnits, 0}), "-1000000000000.0000 CLF");
}

TEST(AmountTextTest, WhatIsNoAmountHasNoText) { EXPECT_THROW(to_text({"EUR", 1, -1}), mortise::Error); }

}  // namespace
}  // namespace boutique
