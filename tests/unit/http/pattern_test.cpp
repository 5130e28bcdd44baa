#include "http/pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mortise::http {
namespace {

using ::testing::HasSubstr;

/// "lit:a param:b rest:c" of a pattern, or its error.
std::string parse(std::string_view pattern) {
  const auto segments = parse_pattern(pattern);
  if (!segments) return segments.error().message;
  std::string text;
  for (const auto& segment : *segments) {
    text += (text.empty() ? "" : " ");
    text += segment.kind == Segment::Kind::literal ? "lit:" : segment.kind == Segment::Kind::param ? "param:" : "rest:";
    text += segment.text;
  }
  return text;
}

TEST(Pattern, SplitsIntoSegments) {
  EXPECT_EQ(parse("/"), "lit:");
  EXPECT_EQ(parse("/notes"), "lit:notes");
  EXPECT_EQ(parse("/notes/"), "lit:notes lit:");
  EXPECT_EQ(parse("/notes/{id}/tags/{tag-2}"), "lit:notes param:id lit:tags param:tag-2");
  EXPECT_EQ(parse("/files/{path...}"), "lit:files rest:path");
  EXPECT_EQ(parse("/{all...}"), "rest:all");
  EXPECT_EQ(parse("/caf\xc3\xa9/a+b:c"), "lit:caf\xc3\xa9 lit:a+b:c");
}

TEST(Pattern, SaysWhatToWriteInstead) {
  EXPECT_THAT(parse(""), HasSubstr("must begin with '/'"));
  EXPECT_THAT(parse("notes"), HasSubstr("route pattern 'notes': must begin with '/'"));
  EXPECT_THAT(parse("//a"), HasSubstr("two slashes in a row never match"));
  EXPECT_THAT(parse("/a//b"), HasSubstr("two slashes"));
  EXPECT_THAT(parse("/a/../b"), HasSubstr("dot segments never match"));
  EXPECT_THAT(parse("/."), HasSubstr("dot segments never match"));
  EXPECT_THAT(parse("/a b"), HasSubstr("'a b' holds a character that a path cannot"));
  EXPECT_THAT(parse("/a%20b"), HasSubstr("write literals decoded"));
  EXPECT_THAT(parse("/a?b"), HasSubstr("holds a character"));
  EXPECT_THAT(parse("/pre{id}"), HasSubstr("parameters as a whole segment"));
  EXPECT_THAT(parse("/{id}.json"), HasSubstr("'{' without '}'"));
  EXPECT_THAT(parse("/{id"), HasSubstr("'{' without '}'"));
  EXPECT_THAT(parse("/{}"), HasSubstr("a parameter's name"));
  EXPECT_THAT(parse("/{...}"), HasSubstr("a parameter's name"));
  EXPECT_THAT(parse("/{a b}"), HasSubstr("'a b' is not"));
  EXPECT_THAT(parse("/{rest...}/a"), HasSubstr("put it last"));
  EXPECT_THAT(parse("/{id}/{id}"), HasSubstr("two parameters are called 'id'"));
  EXPECT_THAT(parse("/{id}/{id...}"), HasSubstr("two parameters are called 'id'"));
}

TEST(Pattern, BoundsTheNumberOfParameters) {
  std::string pattern;
  for (std::size_t i = 0; i < kMaxParams; ++i) pattern += "/{p" + std::to_string(i) + "}";
  EXPECT_TRUE(parse_pattern(pattern));
  EXPECT_THAT(parse(pattern + "/{more}"), HasSubstr("more than 16 parameters"));
}

TEST(Pattern, ParametersMatchAlikeWhateverTheirNames) {
  const auto matches_alike = [](std::string_view a, std::string_view b) {
    return parse_pattern(a)->front().matches_like(parse_pattern(b)->front());
  };
  EXPECT_TRUE(matches_alike("/{a}", "/{b}"));
  EXPECT_TRUE(matches_alike("/{a...}", "/{b...}"));
  EXPECT_TRUE(matches_alike("/a", "/a"));
  EXPECT_FALSE(matches_alike("/a", "/b"));
  EXPECT_FALSE(matches_alike("/{a}", "/{a...}"));
  EXPECT_FALSE(matches_alike("/a", "/{a}"));
}

}  // namespace
}  // namespace mortise::http
