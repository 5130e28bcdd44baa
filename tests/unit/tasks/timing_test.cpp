#include "tasks/timing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mortise::tasks {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Moment kNow{.steady = std::chrono::steady_clock::time_point(1000s),
                  .wall = std::chrono::system_clock::time_point(1'764'000'000s)};  // 16:00:00 UTC

Timing timing(std::chrono::milliseconds delay, std::chrono::milliseconds every, const char* cron = "") {
  return Timing::make(delay, every, cron, "").value();
}

TEST(Timing, OnceIsSoMuchLater) {
  const auto once = timing(5s, 0s);
  EXPECT_FALSE(once.comes_again());
  EXPECT_EQ(once.first(kNow).steady, kNow.steady + 5s);
  EXPECT_FALSE(once.first(kNow).has_come(kNow));
  EXPECT_TRUE(once.first(kNow).has_come({kNow.steady + 5s, kNow.wall}));
}

TEST(Timing, AgainKeepsItsRhythmAndMakesUpForNothing) {
  const auto every = timing(10s, 10s);
  const auto first = every.first(kNow);
  EXPECT_EQ(every.next(first, {kNow.steady + 12s, kNow.wall}).steady, kNow.steady + 20s);
  EXPECT_EQ(every.next(first, {kNow.steady + 55s, kNow.wall}).steady, kNow.steady + 55s);
}

TEST(Timing, TheCalendarGoesByTheClockOnTheWall) {
  const auto hourly = timing(0s, 0s, "0 * * * *");
  const auto first = hourly.first(kNow);
  ASSERT_TRUE(first.wall);
  EXPECT_EQ(*first.wall, kNow.wall + 1h);
  EXPECT_FALSE(first.has_come({kNow.steady + 2h, kNow.wall}));
  EXPECT_TRUE(first.has_come({kNow.steady, kNow.wall + 1h}));
}

TEST(Timing, AClockThatIsPutBackMakesNothingComeTwice) {
  const auto hourly = timing(0s, 0s, "0 * * * *");
  const auto first = hourly.first(kNow);
  EXPECT_EQ(*hourly.next(first, {kNow.steady, kNow.wall - 3h}).wall, *first.wall + 1h);
}

TEST(Timing, AClockThatWasWrongIsNotWaitedFor) {
  const auto hourly = timing(0s, 0s, "0 * * * *");
  const auto first = hourly.first(kNow);
  EXPECT_EQ(*hourly.next(first, {kNow.steady, kNow.wall - 24h * 365}).wall, kNow.wall - 24h * 365 + 1h);
}

TEST(Timing, AClockThatIsPutForwardMakesItComeOnce) {
  const auto hourly = timing(0s, 0s, "0 * * * *");
  const auto first = hourly.first(kNow);
  EXPECT_EQ(*hourly.next(first, {kNow.steady, kNow.wall + 5h + 1min}).wall, kNow.wall + 6h);
}

TEST(Timing, RefusesWhatCannotBe) {
  const auto why = [](std::chrono::milliseconds delay, const char* cron, const char* zone) {
    const auto made = Timing::make(delay, 0s, cron, zone);
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(why(1s, "0 * * * *", ""), HasSubstr("a delay or an interval as well"));
  EXPECT_THAT(why(1s, "", "UTC"), HasSubstr("a time zone, and no calendar"));
  EXPECT_THAT(why(24h * 400, "", ""), HasSubstr("longer than a year"));
}

}  // namespace
}  // namespace mortise::tasks
