#include "tasks/cron.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iomanip>
#include <sstream>
#include <string>

namespace mortise::tasks {
namespace {

using ::testing::HasSubstr;

Cron::Time at(const std::string& text) {
  std::tm parts{};
  std::istringstream(text) >> std::get_time(&parts, "%Y-%m-%d %H:%M");
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

/// In UTC, as the parameters are.
std::string next(const std::string& cron, const std::string& after, const std::string& zone = "") {
  const auto parsed = Cron::parse(cron, zone);
  EXPECT_TRUE(parsed) << parsed.error().message;
  const auto time = std::chrono::system_clock::to_time_t(parsed->next(at(after)));
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::ostringstream text;
  text << std::put_time(&parts, "%Y-%m-%d %H:%M");
  return text.str();
}

std::string refusal(const std::string& cron, const std::string& zone = "") {
  const auto parsed = Cron::parse(cron, zone);
  return parsed ? std::string() : parsed.error().message;
}

TEST(Cron, FindsTheNextTimeOfEachField) {
  EXPECT_EQ(next("* * * * *", "2026-11-28 16:00"), "2026-11-28 16:01");
  EXPECT_EQ(next("*/15 * * * *", "2026-11-28 16:00"), "2026-11-28 16:15");
  EXPECT_EQ(next("5,50 * * * *", "2026-11-28 16:05"), "2026-11-28 16:50");
  EXPECT_EQ(next("30 6 * * *", "2026-11-28 16:00"), "2026-11-29 06:30");
  EXPECT_EQ(next("0 0 1 * *", "2026-11-28 16:00"), "2026-12-01 00:00");
  EXPECT_EQ(next("0 12 29 2 *", "2026-11-28 16:00"), "2028-02-29 12:00");
  EXPECT_EQ(next("0 8-18/5 * * *", "2026-11-28 09:00"), "2026-11-28 13:00");
  EXPECT_EQ(next("0 0 1 jan *", "2026-11-28 16:00"), "2027-01-01 00:00");
  EXPECT_EQ(next("59 23 31 12 *", "2026-12-31 23:59"), "2027-12-31 23:59");
}

TEST(Cron, KnowsDaysOfTheWeek) {
  EXPECT_EQ(next("0 6 * * MON-FRI", "2026-11-28 16:00"), "2026-11-30 06:00") << "the 28th is a Saturday";
  EXPECT_EQ(next("0 6 * * 7", "2026-11-28 16:00"), "2026-11-29 06:00");
  EXPECT_EQ(next("0 6 * * 0", "2026-11-28 16:00"), "2026-11-29 06:00");
  EXPECT_EQ(next("0 6 13 * FRI", "2026-11-28 16:00"), "2026-12-04 06:00") << "where both are given, either will do";
  EXPECT_EQ(next("0 6 1 * FRI", "2026-11-28 16:00"), "2026-12-01 06:00");
}

TEST(Cron, GoesByTheTimeZone) {
  EXPECT_EQ(next("30 6 * * *", "2026-11-28 16:00", "Europe/Berlin"), "2026-11-29 05:30");
  EXPECT_EQ(next("30 6 * * *", "2026-07-01 16:00", "Europe/Berlin"), "2026-07-02 04:30");
  EXPECT_EQ(next("0 0 * * *", "2026-11-28 16:00", "Asia/Kolkata"), "2026-11-28 18:30");
}

// In Berlin 2026 the clock is put from 02:00 to 03:00 on the 29th of March, and from 03:00 to 02:00 on the 25th of
// October, each at 01:00 UTC.
TEST(Cron, WhatTheClockLeapsOverComesRightAfter) {
  EXPECT_EQ(next("30 2 * * *", "2026-03-29 00:00", "Europe/Berlin"), "2026-03-29 01:00");
  EXPECT_EQ(next("30 2 * * *", "2026-03-29 01:00", "Europe/Berlin"), "2026-03-30 00:30") << "and once";
}

TEST(Cron, WhatTheClockShowsTwiceComesOnce) {
  EXPECT_EQ(next("30 2 * * *", "2026-10-24 22:00", "Europe/Berlin"), "2026-10-25 00:30");
  EXPECT_EQ(next("30 2 * * *", "2026-10-25 00:30", "Europe/Berlin"), "2026-10-26 01:30");
}

TEST(Cron, WhatComesEachHourGoesOnWhileTheClockIsPutBack) {
  EXPECT_EQ(next("*/30 * * * *", "2026-10-25 00:30", "Europe/Berlin"), "2026-10-25 01:00");
  EXPECT_EQ(next("*/30 * * * *", "2026-10-25 01:00", "Europe/Berlin"), "2026-10-25 01:30");
  EXPECT_EQ(next("0 * * * SUN", "2026-10-25 00:30", "Europe/Berlin"), "2026-10-25 01:00");
  EXPECT_EQ(next("0 * 29 2 *", "2026-11-28 16:00", "Europe/Berlin"), "2028-02-28 23:00");
}

TEST(Cron, RefusesWhatIsNone) {
  EXPECT_THAT(refusal("* * * *"), HasSubstr("has 4 fields; there are five"));
  EXPECT_THAT(refusal("60 * * * *"), HasSubstr("the minute '60'"));
  EXPECT_THAT(refusal("* 24 * * *"), HasSubstr("the hour '24'"));
  EXPECT_THAT(refusal("* * 0 * *"), HasSubstr("the day '0'"));
  EXPECT_THAT(refusal("* * * FOO *"), HasSubstr("a name like FEB"));
  EXPECT_THAT(refusal("* * * * 8"), HasSubstr("the weekday '8'"));
  EXPECT_THAT(refusal("*/0 * * * *"), HasSubstr("the minute '*/0'"));
  EXPECT_THAT(refusal("5-1 * * * *"), HasSubstr("the minute '5-1'"));
  EXPECT_THAT(refusal(", * * * *"), HasSubstr("the minute ','"));
  EXPECT_THAT(refusal("0 0 30 2 *"), HasSubstr("never comes"));
  EXPECT_THAT(refusal("0 0 * * *", "Europe/Atlantis"), HasSubstr("no time zone 'Europe/Atlantis'"));
}

}  // namespace
}  // namespace mortise::tasks
