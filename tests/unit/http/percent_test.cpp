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

TEST(Percent, EncodesWhatAHeaderCannotHold) {
  const std::string text = " bank 1.0.0: zoo.currency/1 convert; 100%\r\n\xc3\xa9 ";
  const auto encoded = percent_encoded(text, 200);
  EXPECT_EQ(encoded, "%20bank 1.0.0: zoo.currency/1 convert; 100%25%0D%0A%C3%A9%20");
  EXPECT_EQ(decode(encoded), ">" + text);
  EXPECT_EQ(percent_encoded("", 10), "");
}

TEST(Percent, EncodesNoMoreThanItMay) {
  EXPECT_EQ(percent_encoded("abcdef", 4), "abcd");
  EXPECT_EQ(percent_encoded("ab%cd", 4), "ab") << "no half of an escape";
}

}  // namespace
}  // namespace mortise::http
