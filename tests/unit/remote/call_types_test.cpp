#include "remote/call_types.hpp"

#include <gtest/gtest.h>

namespace mortise::remote {
namespace {

using Kind = Type::Kind;

TEST(CallTypes, AreThoseOfTheSignature) {
  const auto types = parse_call_types("f({i64,str},[bytes?],bool)->[{f32,u8}]?");
  ASSERT_TRUE(types);
  ASSERT_EQ(types->arguments.size(), 3U);
  EXPECT_EQ(types->arguments[0].kind, Kind::structure);
  EXPECT_EQ(types->arguments[0].text, "{i64,str}");
  ASSERT_EQ(types->arguments[0].inner.size(), 2U);
  EXPECT_EQ(types->arguments[0].inner[0].kind, Kind::signed_integer);
  EXPECT_EQ(types->arguments[0].inner[0].size, 8U);
  EXPECT_EQ(types->arguments[0].inner[1].kind, Kind::text);
  EXPECT_EQ(types->arguments[1].kind, Kind::list);
  EXPECT_EQ(types->arguments[1].inner[0].kind, Kind::optional);
  EXPECT_EQ(types->arguments[1].inner[0].text, "bytes?");
  EXPECT_EQ(types->arguments[1].inner[0].inner[0].kind, Kind::bytes);
  EXPECT_EQ(types->arguments[2].kind, Kind::boolean);
  ASSERT_TRUE(types->result);
  EXPECT_EQ(types->result->kind, Kind::optional);
  EXPECT_EQ(types->result->inner[0].inner[0].least_bytes(), 5U);
}

TEST(CallTypes, HaveNoArgumentsAndNoResult) {
  const auto types = parse_call_types("clear()->void");
  ASSERT_TRUE(types);
  EXPECT_TRUE(types->arguments.empty());
  EXPECT_FALSE(types->result);
}

TEST(CallTypes, AreNoneWhereTheyAreNestedTooDeeply) {
  EXPECT_TRUE(parse_call_types("f(u8" + std::string(63, '?') + ")->void"));
  EXPECT_FALSE(parse_call_types("f(u8" + std::string(64, '?') + ")->void"));
  EXPECT_FALSE(parse_call_types("f(u8" + std::string(30'000, '?') + ")->void"));
  EXPECT_FALSE(parse_call_types("f([{u8" + std::string(62, '?') + "}?])->void"));
}

}  // namespace
}  // namespace mortise::remote
