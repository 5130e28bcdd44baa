// W3C Trace Context: which headers are taken, and what is passed on.
#include "telemetry/trace_context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace mortise::telemetry {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Ne;
using ::testing::SizeIs;

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kParent = "00-" + kTrace + "-" + kSpan + "-01";

TEST(TraceContextTest, PassesTheTraceOnWithASpanOfItsOwn) {
  const auto trace = continue_trace(kParent, "congo=t61rcWkgMzE");
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id(), kTrace);
  EXPECT_THAT(trace->parent, MatchesRegex("00-" + kTrace + "-[0-9a-f]{16}-01"));
  EXPECT_THAT(trace->parent.substr(36, 16), Ne(kSpan));
  EXPECT_EQ(trace->state, "congo=t61rcWkgMzE");
  EXPECT_THAT(continue_trace(kParent, "")->parent, Ne(trace->parent)) << "of each request";
}

TEST(TraceContextTest, KeepsOfTheFlagsWhatTheVersionKnows) {
  EXPECT_THAT(continue_trace("00-" + kTrace + "-" + kSpan + "-00", "")->parent, EndsWith("-00"));
  EXPECT_THAT(continue_trace("00-" + kTrace + "-" + kSpan + "-fe", "")->parent, EndsWith("-00"));
  EXPECT_THAT(continue_trace("00-" + kTrace + "-" + kSpan + "-0b", "")->parent, EndsWith("-01"));
}

TEST(TraceContextTest, ReadsALaterVersionAsFarAsItKnowsIt) {
  for (const auto* const rest : {"", "-what-the-future-will-be-like", "-"}) {
    const auto trace = continue_trace("cc-" + kTrace + "-" + kSpan + "-01" + rest, "a=b");
    ASSERT_TRUE(trace) << rest;
    EXPECT_THAT(trace->parent, MatchesRegex("00-" + kTrace + "-[0-9a-f]{16}-01"));
    EXPECT_EQ(trace->state, "a=b");
  }
}

TEST(TraceContextTest, IgnoresWhatIsNotValid) {
  const std::string no_trace(32, '0');
  const std::string no_span(16, '0');
  for (const auto& parent :
       {std::string(), std::string("00"), kParent.substr(0, 54), kParent + "-", kParent + "0", kParent + "-00",
        "ff" + kParent.substr(2), "0g" + kParent.substr(2), "cc" + kParent.substr(2) + "01", " " + kParent,
        "00-" + no_trace + "-" + kSpan + "-01", "00-" + kTrace + "-" + no_span + "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01", "00-" + kTrace + "-" + kSpan + "-0x",
        "00_" + kTrace + "-" + kSpan + "-01", "00-" + kTrace + "_" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "_01"}) {
    EXPECT_FALSE(continue_trace(parent, "a=b")) << parent;
  }
}

TEST(TraceContextTest, BoundsTheStateByWholeMembers) {
  const auto state_of = [](const std::string& state) { return continue_trace(kParent, state)->state; };
  EXPECT_THAT(state_of(std::string(512, 'x')), SizeIs(512)) << "it is not too long";
  EXPECT_EQ(state_of("a=1, ,,b=2"), "a=1,b=2");
  const std::string long_member = "long=" + std::string(124, 'x');
  std::string many;
  for (int i = 100; i < 180; ++i) many += "m" + std::to_string(i) + "=1,";
  const auto kept = state_of(long_member + "," + many + "last=1");
  EXPECT_EQ(kept, many.substr(0, 73 * 7 - 1)) << "the long one first, then the last ones";
  EXPECT_THAT(state_of("a=\x01"), IsEmpty());
  EXPECT_THAT(state_of("a=\xc3\xbc"), IsEmpty());
  EXPECT_THAT(state_of(std::string(600, 'x')), IsEmpty());
}

}  // namespace
}  // namespace mortise::telemetry
