#include "release/memory_alarms.hpp"

#include <gtest/gtest.h>

namespace mortise::release {
namespace {

using runtime::MemoryAccount;
using runtime::MemoryKind;

class MemoryAlarmsTest : public ::testing::Test {
 protected:
  void follow(std::uint64_t limit) {
    alarms_.follow({{.plugin = "rates", .account = &account_, .limit_bytes = limit}});
  }
  /// When the next one is due.
  bool look() {
    now_ += std::chrono::seconds(1);
    return alarms_.look(now_);
  }
  [[nodiscard]] bool is_over() const { return alarms_.describe("rates", account_).is_over; }

  MemoryAccount account_{1};
  MemoryAlarms alarms_;
  MemoryAlarms::Clock::time_point now_ = MemoryAlarms::Clock::now();
};

TEST_F(MemoryAlarmsTest, GoesOffPastTheLimitAndEndsATenthBelowIt) {
  follow(1000);
  account_.add(MemoryKind::heap, 500);
  account_.add(MemoryKind::arena, 300);
  account_.add(MemoryKind::buffers, 200);
  EXPECT_FALSE(look());
  EXPECT_FALSE(is_over());
  account_.add(MemoryKind::heap, 1);
  EXPECT_TRUE(look());
  EXPECT_TRUE(is_over());
  account_.add(MemoryKind::heap, -101);
  EXPECT_FALSE(look()) << "900 of 1000";
  EXPECT_TRUE(is_over());
  account_.add(MemoryKind::heap, -1);
  EXPECT_TRUE(look());
  EXPECT_FALSE(is_over());
}

TEST_F(MemoryAlarmsTest, LooksOnceASecondWhereSomebodyHasALimit) {
  EXPECT_FALSE(alarms_.next_look());
  follow(1000);
  EXPECT_FALSE(look());
  account_.add(MemoryKind::heap, 2000);
  EXPECT_FALSE(alarms_.look(now_));
  EXPECT_EQ(alarms_.next_look(), now_ + std::chrono::seconds(1));
  EXPECT_TRUE(look());
}

TEST_F(MemoryAlarmsTest, AnotherLimitIsJudgedAnewAndTheSameIsNot) {
  account_.add(MemoryKind::heap, 2000);
  follow(1000);
  EXPECT_TRUE(look());
  follow(1000);
  EXPECT_TRUE(is_over());
  EXPECT_FALSE(look());
  follow(3000);
  EXPECT_FALSE(is_over());
  EXPECT_FALSE(look());
}

TEST_F(MemoryAlarmsTest, DescribesWhatIsTakenAlsoOfWhoHasNoLimit) {
  account_.add(MemoryKind::heap, 5);
  const auto status = alarms_.describe("rates", account_);
  EXPECT_EQ(status.use.heap, 5U);
  EXPECT_EQ(status.limit_bytes, 0U);
  follow(1000);
  EXPECT_EQ(alarms_.describe("rates", account_).limit_bytes, 1000U);
  EXPECT_EQ(alarms_.describe("till", account_).limit_bytes, 0U);
}

}  // namespace
}  // namespace mortise::release
