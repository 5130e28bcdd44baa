#include "http/percent.hpp"

#include <gtest/gtest.h>

namespace mortise::http {
namespace {

std::string decode(std::string_view text) {
  std::string decoded = ">";
  return append_percent_decoded(text, decoded) ? decoded : "refused";
}

TEST(Percent, DecodesInEitherCaseAndAppends) {
  EXPECT_EQ(decode("a%20b%2Fc%2fd"), ">a b/c/d");
  EXPECT_EQ(decode("%e2%82%AC"), ">\xe2\x82\xac");
  EXPECT_EQ(decode("%00").size(), 2U);
  EXPECT_EQ(decode(""), ">");
}

TEST(Percent, DecodesOnce) { EXPECT_EQ(decode("%252e"), ">%2e"); }

TEST(Percent, RefusesBrokenEscapes) {
  for (const auto* text : {"%", "a%", "%4", "%4g", "%g4", "%-1", "%+1", "% 1", "%0x", "%%41"}) {
    EXPECT_EQ(decode(text), "refused") << text;
  }
}

}  // namespace
}  // namespace mortise::http
