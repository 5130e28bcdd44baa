#include "decimal.hpp"

#include <gtest/gtest.h>

namespace boutique {
namespace {

constexpr std::int64_t kMost = 2'500'000'000;

TEST(Decimal, IsExact) {
  EXPECT_EQ(parse_billionths("1.1305", kMost), 1'130'500'000);
  EXPECT_EQ(parse_billionths("0.000000001", kMost), 1);
  EXPECT_EQ(parse_billionths("1", kMost), 1'000'000'000);
  EXPECT_EQ(parse_billionths("007.0", 7'000'000'000), 7'000'000'000);
}

TEST(Decimal, IsKnownWhenCompiling) {
  static_assert(parse_billionths("0.8512", kMost) == 851'200'000);
  static_assert(!parse_billionths("0,8512", kMost));
}

TEST(Decimal, IsNeitherZeroNorTooLarge) {
  EXPECT_EQ(parse_billionths("0", kMost), std::nullopt);
  EXPECT_EQ(parse_billionths("0.000", kMost), std::nullopt);
  EXPECT_EQ(parse_billionths("2.5", kMost), kMost);
  EXPECT_EQ(parse_billionths("2.500000001", kMost), std::nullopt);
  EXPECT_EQ(parse_billionths("3", kMost), std::nullopt);
  EXPECT_EQ(parse_billionths("99999999999999999999999999", INT64_MAX), std::nullopt);
  EXPECT_EQ(parse_billionths("9223372036.854775807", INT64_MAX), INT64_MAX);
  EXPECT_EQ(parse_billionths("9223372036.854775808", INT64_MAX), std::nullopt);
}

TEST(Decimal, IsNoOtherText) {
  for (const auto* text : {"", ".", "1.", ".5", "-1", "+1", " 1", "1 ", "1e0", "1.5.0", "1,5", "0x1", "0.0000000001"}) {
    EXPECT_EQ(parse_billionths(text, kMost), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace boutique
