#include "http/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <thread>

namespace mortise::http {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::seconds kLong{45};

TEST(BlockingPool, GrowsToItsLimitAndNoFurther) {
  BlockingPool pool(3, 100);
  std::latch all_inside(3);
  std::latch may_return(1);
  std::atomic<int> started{0};
  std::latch all_done(10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(pool.post([&] {
      if (started.fetch_add(1) < 3) all_inside.count_down();
      may_return.wait();
      all_done.count_down();
    }));
  }
  all_inside.wait();
  EXPECT_EQ(started, 3);
  may_return.count_down();
  all_done.wait();
  EXPECT_EQ(started, 10);
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, UsesAnIdleThreadAgain) {
  BlockingPool pool(8, 100);
  std::set<std::thread::id> threads;
  for (int i = 0; i < 20; ++i) {
    std::latch done(1);
    EXPECT_TRUE(pool.post([&] {
      threads.insert(std::this_thread::get_id());
      done.count_down();
    }));
    done.wait();
  }
  EXPECT_LT(threads.size(), 20U);
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, RefusesWhatDoesNotFit) {
  BlockingPool pool(1, 2);
  std::latch inside(1);
  std::latch may_return(1);
  EXPECT_TRUE(pool.post([&] {
    inside.count_down();
    may_return.wait();
  }));
  inside.wait();
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool.post([&] { ++ran; }));
  EXPECT_TRUE(pool.post([&] { ++ran; }));
  EXPECT_FALSE(pool.post([&] { ++ran; }));
  may_return.count_down();
  EXPECT_EQ(pool.stop(kLong), 0U);
  EXPECT_LE(ran, 2);
}

TEST(BlockingPool, TakesNothingAfterItsEnd) {
  BlockingPool pool(1, 2);
  EXPECT_EQ(pool.stop(0ms), 0U);
  EXPECT_FALSE(pool.post([] {}));
}

TEST(BlockingPool, LeavesStuckThreadsBehindAndDropsWhatWaitedForThem) {
  auto pool = std::make_unique<BlockingPool>(1, 10);
  std::latch inside(1);
  // Shared with the thread that is left behind.
  const auto may_return = std::make_shared<std::latch>(1);
  const auto returned = std::make_shared<std::latch>(1);
  EXPECT_TRUE(pool->post([&inside, may_return, returned] {
    inside.count_down();
    may_return->wait();
    returned->count_down();
  }));
  inside.wait();
  const auto held = std::make_shared<int>(0);
  std::atomic<bool> has_run{false};
  EXPECT_TRUE(pool->post([&has_run, held] { has_run = true; }));
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_EQ(pool->stop(1ms), 1U);
  EXPECT_EQ(held.use_count(), 1);
  pool.reset();
  may_return->count_down();
  returned->wait();
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace mortise::http
