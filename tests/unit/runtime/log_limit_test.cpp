#include "runtime/log_limit.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;

class LogLimitTest : public ::testing::Test {
 protected:
  /// How many of so many lines are written.
  int write(int lines) {
    int admitted = 0;
    for (int i = 0; i < lines; ++i) admitted += limit_.admit(now_).is_admitted ? 1 : 0;
    return admitted;
  }

  LogLimit::Time now_{1h};
  LogLimit limit_;
};

TEST_F(LogLimitTest, LetsAThousandLinesASecondPassByDefault) {
  EXPECT_EQ(write(5000), 1000);
  now_ += 999ms;
  EXPECT_EQ(write(1), 0);
  now_ += 1ms;
  EXPECT_EQ(write(5000), 1000);
  EXPECT_EQ(limit_.dropped(), 8001U);
}

TEST_F(LogLimitTest, TellsOnceHowManyWereDroppedBefore) {
  limit_.set(2);
  write(5);
  now_ += 1s;
  EXPECT_EQ(limit_.admit(now_).dropped_before, 3U);
  EXPECT_EQ(limit_.admit(now_).dropped_before, 0U);
  now_ += 1s;
  EXPECT_EQ(limit_.admit(now_).dropped_before, 0U) << "nothing was dropped in the second before";
}

TEST_F(LogLimitTest, LetsEverythingPassWithoutALimit) {
  limit_.set(0);
  EXPECT_EQ(write(100000), 100000);
  EXPECT_EQ(limit_.dropped(), 0U);
}

TEST_F(LogLimitTest, CountsForAllThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < 1000; ++j) limit_.admit(now_);
    });
  }
  threads.clear();
  EXPECT_EQ(limit_.dropped(), 3000U);
}

}  // namespace
}  // namespace mortise::runtime
