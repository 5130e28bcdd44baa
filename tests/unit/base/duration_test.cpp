#include "base/duration.hpp"

#include <gtest/gtest.h>

namespace mortise::base {
namespace {

using namespace std::chrono_literals;

TEST(Duration, IsAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("90s"), 90s);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("1h"), 1h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
}

TEST(Duration, IsNothingElse) {
  for (const auto* text : {"", "5", "ms", "-1s", "+1s", "1.5s", " 1s", "1s ", "1 s", "1d", "1S",
                           "99999999999999999999s", "9223372036854775807h"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
}

TEST(Duration, ReadsAsItIsWritten) {
  for (const auto* text : {"1ms", "1500ms", "90s", "2m", "1h", "24h", "61m"}) {
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  }
  EXPECT_EQ(format_duration(60s), "1m");
  EXPECT_EQ(format_duration(0ms), "0ms");
}

}  // namespace
}  // namespace mortise::base
