#include "telemetry/crash_mark.hpp"

#include <gmock/gmock.h>

#include <utility>

#include "base/temporary_directory.hpp"

namespace mortise::telemetry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class CrashMarkTest : public ::testing::Test {
 protected:
  mortise::testing::TemporaryDirectory root_;
};

TEST_F(CrashMarkTest, ThereIsNoneWithoutACrash) {
  EXPECT_THAT(take_crash_marks(root_.path()), IsEmpty());
  EXPECT_THAT(take_crash_marks(root_ / "nowhere"), IsEmpty());
}

TEST_F(CrashMarkTest, IsTakenOnceAndOfEachProcess) {
  mortise::testing::write_file(root_ / "crash.7", "signal SIGABRT\naddress 0x0\n");
  mortise::testing::write_file(root_ / "crash.8",
                               "signal SIGSEGV\naddress 0x8\nentered shop\nrequest r-1\nplugin shop\n"
                               "generation 2\nplugin currency\ngeneration 3\n");
  mortise::testing::write_file(root_ / "crash.txt", "somebody else's");
  auto marks = take_crash_marks(root_.path());
  ASSERT_THAT(marks, SizeIs(2));
  if (marks[0].pid == 8) std::swap(marks[0], marks[1]);
  EXPECT_EQ(marks[0].pid, 7);
  EXPECT_EQ(marks[0].plugin, "");
  EXPECT_EQ(marks[0].to_string(), "SIGABRT");
  EXPECT_EQ(marks[1].pid, 8);
  EXPECT_EQ(marks[1].plugin, "currency") << "what was found out later counts";
  EXPECT_EQ(marks[1].generation, 3U);
  EXPECT_EQ(marks[1].to_string(), "SIGSEGV at 0x8, in request r-1 to 'shop'");
  EXPECT_THAT(take_crash_marks(root_.path()), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(root_ / "crash.txt"));
}

}  // namespace
}  // namespace mortise::telemetry
