#include "base/restart_pause.hpp"

#include <gtest/gtest.h>

namespace mortise::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RestartPauseTest : public ::testing::Test {
 protected:
  milliseconds crash_at_start() { return pause_.after_crash(now_, false); }
  milliseconds crash_after(milliseconds ready_for, bool is_explained = false) {
    pause_.note_ready(now_);
    now_ += ready_for;
    return pause_.after_crash(now_, is_explained);
  }

  RestartPause pause_;
  RestartPause::Clock::time_point now_{};
};

TEST_F(RestartPauseTest, TheFirstStartIsAtOnceAndTheNextOnesEverLater) {
  EXPECT_EQ(crash_at_start(), milliseconds(0));
  EXPECT_EQ(crash_at_start(), RestartPause::kFirst);
  EXPECT_EQ(crash_at_start(), 2 * RestartPause::kFirst);
  EXPECT_EQ(crash_after(seconds(1)), 4 * RestartPause::kFirst) << "it was not ready for long";
}

TEST_F(RestartPauseTest, GrowsToItsLimitAndStaysThere) {
  milliseconds last{0};
  for (int i = 0; i < 100; ++i) {
    const auto pause = crash_at_start();
    EXPECT_GE(pause, last);
    last = pause;
  }
  EXPECT_EQ(last, RestartPause::kLongest);
}

TEST_F(RestartPauseTest, WhoWasReadyForLongComesBackAtOnce) {
  for (int i = 0; i < 5; ++i) crash_at_start();
  EXPECT_EQ(crash_after(RestartPause::kSound), milliseconds(0));
  EXPECT_EQ(crash_at_start(), RestartPause::kFirst) << "and is the first in a row";
}

TEST_F(RestartPauseTest, ACrashThatIsExplainedIsNotWaitedFor) {
  for (int i = 0; i < 50; ++i) EXPECT_EQ(crash_after(milliseconds(1), true), milliseconds(0));
}

TEST_F(RestartPauseTest, AnExplanationBeforeItWasReadyDoesNotCount) {
  EXPECT_EQ(pause_.after_crash(now_, true), milliseconds(0));
  EXPECT_EQ(pause_.after_crash(now_, true), RestartPause::kFirst);
}

}  // namespace
}  // namespace mortise::base
