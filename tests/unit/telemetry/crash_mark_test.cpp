#include "telemetry/crash_mark.hpp"

#include <gmock/gmock.h>

namespace mortise::telemetry {
namespace {

using ::testing::ElementsAre;

TEST(CrashMark, OfTwoLinesWithOneKeyTheLastCounts) {
  const auto mark = parse_crash_mark(
      "signal SIGSEGV\naddress 0x8\nentered shop\nrequest r-1\nroute /shop\nplugin shop\ngeneration 2\n"
      "sha256 aa\nplugin currency\ngeneration 3\nsha256 bb\nframe /store/bb.so+0x10 build-id 5af3 (currency)\n"
      "frame mortise+0x20\nhalf");
  EXPECT_EQ(mark.plugin, "currency") << "what was found out later counts";
  EXPECT_EQ(mark.generation, 3U);
  EXPECT_EQ(mark.sha256, "bb");
  EXPECT_EQ(mark.to_string(), "SIGSEGV at 0x8, in request r-1 to 'shop' (/shop)");
  EXPECT_THAT(mark.frames, ElementsAre("/store/bb.so+0x10 build-id 5af3 (currency)", "mortise+0x20"));
}

TEST(CrashMark, SaysNoMoreThanIsKnown) {
  EXPECT_EQ(parse_crash_mark("signal SIGABRT\naddress 0x0\n").to_string(), "SIGABRT");
  EXPECT_EQ(parse_crash_mark("signal exit\nentered shop\nrequest r-1\nplugin shop\n").to_string(),
            "exit, in request r-1");
  EXPECT_EQ(parse_crash_mark("").plugin, "");
}

}  // namespace
}  // namespace mortise::telemetry
