#include "token.hpp"

#include <gtest/gtest.h>

namespace boutique::frontend {
namespace {

TEST(Token, IsAnotherOneEachTime) {
  const auto first = draw_token();
  EXPECT_TRUE(is_token(first)) << first;
  EXPECT_NE(first, draw_token());
}

TEST(Token, HasThirtyTwoLowerCaseHexadecimalDigits) {
  EXPECT_TRUE(is_token("0123456789abcdef0123456789abcdef"));
  EXPECT_FALSE(is_token(""));
  EXPECT_FALSE(is_token("0123456789abcdef0123456789abcde"));
  EXPECT_FALSE(is_token("0123456789abcdef0123456789abcdef0"));
  EXPECT_FALSE(is_token("0123456789ABCDEF0123456789abcdef"));
  EXPECT_FALSE(is_token("0123456789abcdef0123456789abcde/"));
}

}  // namespace
}  // namespace boutique::frontend
