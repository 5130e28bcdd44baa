#include "runtime/blocking_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <set>
#include <string>
#include <thread>

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::seconds kLong{45};
constexpr std::size_t kAll = 4096;

TEST(BlockingPool, GrowsToItsLimitAndNoFurther) {
  BlockingPool pool(3, 100);
  std::latch all_inside(3);
  std::latch may_return(1);
  std::atomic<int> started{0};
  std::latch all_done(10);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(pool.post("a", kAll, [&] {
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
    EXPECT_TRUE(pool.post("a", kAll, [&] {
      threads.insert(std::this_thread::get_id());
      done.count_down();
    }));
    done.wait();
  }
  EXPECT_LT(threads.size(), 20U);
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, EndsThreadsThatATrickleDoesNotNeed) {
  static std::atomic<int> ended{0};
  struct AtEnd {
    ~AtEnd() { ++ended; }
  };
  BlockingPool pool(8, 100, 200ms);
  std::latch all_inside(8);
  std::latch may_return(1);
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(pool.post("a", kAll, [&] {
      thread_local const AtEnd at_end;
      all_inside.count_down();
      may_return.wait();
    }));
  }
  all_inside.wait();
  may_return.count_down();
  // One after the other: a task, or a second one while the thread of the first is not back yet.
  const auto limit = std::chrono::steady_clock::now() + kLong;
  while (ended < 6 && std::chrono::steady_clock::now() < limit) {
    std::latch done(1);
    EXPECT_TRUE(pool.post("a", kAll, [&] { done.count_down(); }));
    done.wait();
  }
  EXPECT_GE(ended, 6);
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, RefusesWhatDoesNotFit) {
  BlockingPool pool(1, 2);
  std::latch inside(1);
  std::latch may_return(1);
  EXPECT_TRUE(pool.post("a", kAll, [&] {
    inside.count_down();
    may_return.wait();
  }));
  inside.wait();
  std::atomic<int> ran{0};
  EXPECT_TRUE(pool.post("a", kAll, [&] { ++ran; }));
  EXPECT_TRUE(pool.post("a", kAll, [&] { ++ran; }));
  EXPECT_FALSE(pool.post("a", kAll, [&] { ++ran; }));
  may_return.count_down();
  EXPECT_EQ(pool.stop(kLong), 0U);
  EXPECT_LE(ran, 2);
}

/// Tasks of one owner that are at work until they may return.
class Held {
 public:
  bool post(BlockingPool& pool, const char* owner, std::size_t share) {
    return pool.post(owner, share, [this] {
      ++inside_;
      inside_.notify_all();
      may_return_.wait();
    });
  }
  void wait_until_inside(int count) {
    for (auto now = inside_.load(); now < count; now = inside_.load()) inside_.wait(now);
  }
  [[nodiscard]] int inside() const { return inside_; }
  void let_go() { may_return_.count_down(); }

 private:
  std::atomic<int> inside_{0};
  std::latch may_return_{1};
};

TEST(BlockingPool, LeavesHalfOfItsThreadsToOthersByDefault) {
  BlockingPool pool(4, 100);
  Held greedy;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(greedy.post(pool, "greedy", pool.share_of(0)));
  greedy.wait_until_inside(2);
  Held others;
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(others.post(pool, "other", pool.share_of(0)));
  others.wait_until_inside(2);  // although eight of the first have waited longer
  EXPECT_EQ(greedy.inside(), 2);
  greedy.let_go();
  greedy.wait_until_inside(10);
  others.let_go();
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, KnowsWhatALimitComesTo) {
  const BlockingPool pool(9, 100);
  EXPECT_EQ(pool.share_of(0), 4U);
  EXPECT_EQ(pool.share_of(3), 3U);
  EXPECT_EQ(pool.share_of(20), 9U);
  EXPECT_EQ(BlockingPool(1, 100).share_of(0), 1U);
}

TEST(BlockingPool, GivesAnOwnerSoManyThreadsAsItsLastPostSays) {
  BlockingPool pool(4, 100);
  Held tasks;
  EXPECT_TRUE(tasks.post(pool, "a", 1));
  EXPECT_TRUE(tasks.post(pool, "a", 1));
  tasks.wait_until_inside(1);
  Held others;
  EXPECT_TRUE(others.post(pool, "b", 1));
  others.wait_until_inside(1);
  EXPECT_EQ(tasks.inside(), 1);
  EXPECT_TRUE(tasks.post(pool, "a", kAll));
  tasks.wait_until_inside(3);
  tasks.let_go();
  others.let_go();
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, QueuesOfOwnersFillUpForThemselves) {
  BlockingPool pool(2, 1);
  Held greedy;
  EXPECT_TRUE(greedy.post(pool, "greedy", 1));
  greedy.wait_until_inside(1);
  EXPECT_TRUE(greedy.post(pool, "greedy", 1));
  EXPECT_FALSE(greedy.post(pool, "greedy", 1));
  Held other;
  EXPECT_TRUE(other.post(pool, "other", 1));
  other.wait_until_inside(1);
  EXPECT_TRUE(other.post(pool, "other", 1));
  greedy.let_go();
  other.let_go();
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, LetsOwnersTakeTurns) {
  BlockingPool pool(1, 100);
  Held first;
  EXPECT_TRUE(first.post(pool, "busy", kAll));
  first.wait_until_inside(1);
  std::string order;
  std::latch done(6);
  const auto post = [&](const char* owner) {
    EXPECT_TRUE(pool.post(owner, kAll, [&, owner] {
      order += owner[0];
      done.count_down();
    }));
  };
  for (int i = 0; i < 4; ++i) post("busy");
  post("calm");
  post("lazy");
  first.let_go();
  done.wait();
  EXPECT_LT(order.find('c'), 3U) << order;
  EXPECT_LT(order.find('l'), 4U) << order;
  EXPECT_EQ(pool.stop(kLong), 0U);
}

TEST(BlockingPool, TakesNothingAfterItsEnd) {
  BlockingPool pool(1, 2);
  EXPECT_EQ(pool.stop(0ms), 0U);
  EXPECT_FALSE(pool.post("a", kAll, [] {}));
}

TEST(BlockingPool, LeavesStuckThreadsBehindAndDropsWhatWaitedForThem) {
  auto pool = std::make_unique<BlockingPool>(1, 10);
  std::latch inside(1);
  // Shared with the thread that is left behind.
  const auto may_return = std::make_shared<std::latch>(1);
  const auto returned = std::make_shared<std::latch>(1);
  EXPECT_TRUE(pool->post("a", kAll, [&inside, may_return, returned] {
    inside.count_down();
    may_return->wait();
    returned->count_down();
  }));
  inside.wait();
  const auto held = std::make_shared<int>(0);
  std::atomic<bool> has_run{false};
  EXPECT_TRUE(pool->post("a", kAll, [&has_run, held] { has_run = true; }));
  EXPECT_EQ(held.use_count(), 2);
  EXPECT_EQ(pool->stop(1ms), 1U);
  EXPECT_EQ(held.use_count(), 1);
  pool.reset();
  may_return->count_down();
  returned->wait();
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace mortise::runtime
