#include "manifest/signature.hpp"

#include <gmock/gmock.h>

namespace mortise::manifest {
namespace {

using ::testing::HasSubstr;
using Kind = Difference::Kind;

Methods methods(std::string_view text) { return parse_methods(text).value(); }

TEST(Signature, ReadsEveryFormOfTypeAndWritesItBack) {
  for (const auto* text :
       {"a()->void", "convert({i64,str},str)->{i64,str}\nsupported()->[str]",
        "a(bool,i8,i16,i32,i64,u8,u16,u32,u64)->f32", "a(f64?,bytes,[bytes],[{i64,[str?]}]?,{i8}?\?)->i64?",
        "_A1(str)->u8", "a({{{bool}}})->[[[i8]]]"}) {
    const auto read = parse_methods(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(to_text(*read), text);
  }
}

TEST(Signature, TellsNamesFromLines) {
  const auto read = methods("convert(i64)->i64\nrate()->f64");
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].name, "convert");
  EXPECT_EQ(read[1].name, "rate");
  EXPECT_EQ(read[1].text, "rate()->f64");
}

struct Fault {
  std::string text;
  std::string said;
};

class SignatureFaults : public ::testing::TestWithParam<Fault> {};

TEST_P(SignatureFaults, NameLineColumnAndWhatIsExpectedThere) {
  const auto read = parse_methods(GetParam().text);
  ASSERT_FALSE(read) << GetParam().text;
  EXPECT_THAT(read.error().message, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Each, SignatureFaults,
    ::testing::Values(Fault{"", "line 1: column 1 of '' must be a method's name"},
                      Fault{"1a()->void", "must be a method's name"}, Fault{"a", "column 2 of 'a' must be '('"},
                      Fault{"a(", "column 3 of 'a(' must be a type"}, Fault{"a(,)->i8", "column 3"},
                      Fault{"a(i8,)->i8", "column 6 of 'a(i8,)->i8' must be a type"},
                      Fault{"a(i8 ,i8)->i8", "must be ',' or ')'"}, Fault{"a({i8)->i8", "must be ',' or '}'"},
                      Fault{"a([i8)->i8", "must be ']'"}, Fault{"a({})->i8", "must be a type"},
                      Fault{"a(i8]->i8", "must be ',' or ')'"}, Fault{"a(i8)", "must be '->'"},
                      Fault{"a(i8)->", "must be a type"}, Fault{"a(void)->i8", "must be a type"},
                      Fault{"a()->void?", "must be a type"}, Fault{"a()->i8;", "must be the end of the line"},
                      Fault{"a()->i7", "column 6 of 'a()->i7' must be a type"}, Fault{"a()->int", "must be a type"},
                      Fault{"a([u8])->i8", "a list of u8 is written 'bytes'"}, Fault{"a(?)->i8", "must be a type"},
                      Fault{"a()->i8\n", "line 2: column 1 of '' must be a method's name"},
                      Fault{"a()->i8\n\nb()->i8", "line 2"}, Fault{"a()->i8\r\nb()->i8", "must be the end of the line"},
                      Fault{"a()->i8\nb()->i8\na()->str", "line 3: names 'a' a second time"},
                      Fault{std::string("a\0()->i8", 9), "must be '('"}, Fault{"\xff()->i8", "of '?()->i8'"},
                      Fault{std::string(129, 'a') + "()->i8", "at most 128"},
                      Fault{"a(" + std::string(30000, '[') + ")->i8", "nested no deeper than 32"},
                      Fault{"a(" + std::string(30000, '{') + ")->i8", "nested no deeper than 32"},
                      Fault{std::string(40000, 'a'), "has 40000 bytes, the limit is 32768"}));

TEST(Signature, BoundsTheNumberOfMethods) {
  std::string text;
  for (int i = 0; i < 1025; ++i) text += (i == 0 ? "m" : "\nm") + std::to_string(i) + "()->i8";
  const auto read = parse_methods(text);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("more than 1024 methods"));
}

TEST(Signature, KeepsItsComplaintsShort) {
  EXPECT_LT(parse_methods("a(" + std::string(30000, 'x') + ")->i8").error().message.size(), 500U);
}

TEST(FindDifference, LetsAProviderAppend) {
  EXPECT_FALSE(find_difference(methods("a()->i8"), methods("a()->i8")));
  EXPECT_FALSE(find_difference(methods("a()->i8"), methods("a()->i8\nb()->i8")));
  EXPECT_FALSE(find_difference({}, methods("a()->i8")));
}

struct Pair {
  std::string consumer;
  std::string provider;
  Kind kind;
  std::size_t number;
  std::string title;
};

class FindDifferenceKinds : public ::testing::TestWithParam<Pair> {};

TEST_P(FindDifferenceKinds, NameTheFirstMethodThatDiffers) {
  const auto difference = find_difference(methods(GetParam().consumer), methods(GetParam().provider));
  ASSERT_TRUE(difference);
  EXPECT_EQ(difference->kind, GetParam().kind) << to_string(difference->kind);
  EXPECT_EQ(difference->number, GetParam().number);
  EXPECT_EQ(difference->title(), GetParam().title);
}

INSTANTIATE_TEST_SUITE_P(
    Each, FindDifferenceKinds,
    ::testing::Values(Pair{"a()->i8\nb(i8)->i8", "a()->i8\nb(i16)->i8", Kind::changed, 2, "method 2 'b' differs"},
                      Pair{"a()->i8\nb()->i8", "b()->i8\nc()->i8", Kind::removed, 1, "method 1 'a' was removed"},
                      Pair{"a()->i8\nb()->i8", "b()->i8\na()->i8", Kind::reordered, 1,
                           "method 1 'a' is at another place"},
                      Pair{"a()->i8\nb()->i8", "a()->i8", Kind::missing, 2, "method 2 'b' is missing at the end"}));

TEST(FindDifference, ShowsBothLinesAndPointsAtTheFirstCharacterThatDiffers) {
  const auto changed = find_difference(methods("convert(i64,str)->i64"), methods("convert(i64)->i64"));
  EXPECT_EQ(changed->side_by_side("needs", "has"),
            "    needs convert(i64,str)->i64\n"
            "    has   convert(i64)->i64\n"
            "                     ^\n");
  const auto missing = find_difference(methods("a()->i8\nb()->i8"), methods("a()->i8"));
  EXPECT_EQ(missing->side_by_side("needs", "has"),
            "    needs b()->i8\n"
            "    has   (no such method)\n"
            "          ^\n");
}

}  // namespace
}  // namespace mortise::manifest
