#include "tasks/schedule.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

namespace mortise::tasks {
namespace {

using namespace std::chrono_literals;

/// Clocks that go when the test says so.
class ScheduleTest : public ::testing::Test {
 protected:
  Due in(std::chrono::steady_clock::duration time) { return {.steady = now().steady + time}; }
  Due on_wall(std::chrono::system_clock::duration time) { return {.steady = {}, .wall = now().wall + time}; }
  Moment now() {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  void pass(std::chrono::seconds steady, std::chrono::seconds wall) {
    {
      const std::lock_guard lock(mutex_);
      now_.steady += steady;
      now_.wall += wall;
    }
    schedule_.look();
  }
  std::vector<Schedule::Key> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 45s, [&] { return due_.size() >= count; }));
    return due_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Moment now_ = Moment::now();      // guarded by mutex_
  std::vector<Schedule::Key> due_;  // guarded by mutex_
  int put_back_ = 0;                // guarded by mutex_
  Schedule schedule_{[this](Schedule::Key key) {
                       const std::lock_guard lock(mutex_);
                       due_.push_back(key);
                       changed_.notify_all();
                     },
                     [this] {
                       const std::lock_guard lock(mutex_);
                       ++put_back_;
                       changed_.notify_all();
                     },
                     [this] { return now(); }};
};

TEST_F(ScheduleTest, CallsEachWhenItsTimeHasComeAndOnce) {
  schedule_.put(1, in(30s));
  schedule_.put(2, in(10s));
  schedule_.put(3, on_wall(20s));
  schedule_.put(4, in(0s));
  EXPECT_EQ(wait_for(1), (std::vector<Schedule::Key>{4}));
  pass(10s, 0s);
  EXPECT_EQ(wait_for(2), (std::vector<Schedule::Key>{4, 2}));
  pass(0s, 20s);
  EXPECT_EQ(wait_for(3), (std::vector<Schedule::Key>{4, 2, 3}));
  pass(1000s, 1000s);
  EXPECT_EQ(wait_for(4), (std::vector<Schedule::Key>{4, 2, 3, 1}));
}

TEST_F(ScheduleTest, DoesNotCallWhatWasRemoved) {
  schedule_.put(1, in(10s));
  schedule_.put(2, on_wall(10s));
  schedule_.put(3, in(20s));
  EXPECT_TRUE(schedule_.remove(1));
  EXPECT_TRUE(schedule_.remove(2));
  EXPECT_FALSE(schedule_.remove(2));
  pass(20s, 20s);
  EXPECT_EQ(wait_for(1), (std::vector<Schedule::Key>{3}));
}

TEST_F(ScheduleTest, AWallClockThatIsPutBackPutsOff) {
  schedule_.put(1, on_wall(10s));
  pass(0s, -3600s);
  schedule_.put(2, in(1s));
  pass(60s, 60s);
  EXPECT_EQ(wait_for(1), (std::vector<Schedule::Key>{2}));
  pass(3600s, 3600s);
  EXPECT_EQ(wait_for(2), (std::vector<Schedule::Key>{2, 1}));
}

TEST_F(ScheduleTest, TellsOfAClockThatWasWrong) {
  pass(3600s, 3600s * 24 * 365);
  pass(3600s, -3600s * 23);  // by less than a day
  schedule_.put(1, in(0s));
  wait_for(1);
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(put_back_, 0);
  }
  pass(0s, -3600s * 24 * 364);
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, 45s, [&] { return put_back_ == 1; }));
}

TEST_F(ScheduleTest, CallsNothingAfterItsStop) {
  schedule_.put(1, in(10s));
  schedule_.stop();
  pass(20s, 20s);
  EXPECT_TRUE(wait_for(0).empty());
}

}  // namespace
}  // namespace mortise::tasks
