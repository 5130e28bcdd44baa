#include "form.hpp"

#include <gtest/gtest.h>

#include <mortise/error.hpp>

namespace boutique::frontend {
namespace {

TEST(Form, DecodesNamesAndValues) {
  const Form form("na%6De=Ada+Lovelace&city=K%C3%B6ln&empty=&bare&&sum=1%2B1%3D2");
  EXPECT_EQ(form.get("name"), "Ada Lovelace");
  EXPECT_EQ(form.get("city"), "Köln");
  EXPECT_EQ(form.get("empty"), "");
  EXPECT_EQ(form.get("bare"), "");
  EXPECT_EQ(form.get("sum"), "1+1=2");
  EXPECT_EQ(form.get("absent"), "");
}

TEST(Form, TakesTheFirstOfSeveralAndTheSpacesAway) {
  const Form form("quantity=++2+&quantity=3&spaces=++");
  EXPECT_EQ(form.get("quantity"), "2");
  EXPECT_EQ(form.get("spaces"), "");
}

TEST(Form, RefusesWhatNoBrowserSends) {
  std::string many = "a=1";
  for (int i = 0; i < 64; ++i) many += "&a=1";
  for (const auto& body : {std::string("a=%"), std::string("a=%4"), std::string("a=%zz"), std::string("a=%00"),
                           std::string("a=%0D%0ASet-Cookie"), std::string("a=%C3"), std::string("%FF=a"), many}) {
    try {
      const Form form(body);
      ADD_FAILURE() << body;
    } catch (const mortise::Error& failure) {
      EXPECT_EQ(failure.status(), mortise::Status::invalid_argument) << body;
    }
  }
}

TEST(Text, IsUtf8WithoutControlCharacters) {
  for (const auto* const text : {"", "plain", "Köln", "茶 ☕ 🍵", "\xF4\x8F\xBF\xBF", "\xC2\xA0"}) {
    EXPECT_TRUE(is_text(text)) << text;
  }
  for (const auto* const bytes :
       {"\n", "\x7F", "\xC2\x9F", "\x80", "\xC0\xAF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE2\x82", "\xC3(", "\xFF"}) {
    EXPECT_FALSE(is_text(bytes)) << bytes;
  }
  EXPECT_FALSE(is_text(std::string_view("a\0b", 3)));
}

TEST(Number, IsWholeAndWithoutASign) {
  EXPECT_EQ(parse_number("0", 99), 0);
  EXPECT_EQ(parse_number("007", 99), 7);
  EXPECT_EQ(parse_number("99", 99), 99);
  for (const auto* const text : {"", "100", "-1", "-0", "+1", "1.5", "1e1", "two", "1 ", "99999999999999999999"}) {
    EXPECT_EQ(parse_number(text, 99), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace boutique::frontend
