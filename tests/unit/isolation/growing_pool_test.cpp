#include "isolation/growing_pool.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <latch>

namespace mortise::isolation {
namespace {

TEST(GrowingPool, HasAsManyThreadsAsWait) {
  GrowingPool pool(8);
  std::latch all_are_in(8);
  for (int i = 0; i < 8; ++i) pool.post([&] { all_are_in.arrive_and_wait(); });
  all_are_in.wait();
}

TEST(GrowingPool, RunsAllThatWasPostedThoughThreadsAreFew) {
  std::atomic<int> run{0};
  {
    GrowingPool pool(2);
    for (int i = 0; i < 1000; ++i) pool.post([&] { ++run; });
  }
  EXPECT_EQ(run, 1000);
}

TEST(GrowingPool, SaysSoWhereThereIsNoThreadForATask) {
  bool has_run = false;
  {
    GrowingPool pool(0);
    EXPECT_FALSE(pool.post([&] { has_run = true; }));
  }
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace mortise::isolation
