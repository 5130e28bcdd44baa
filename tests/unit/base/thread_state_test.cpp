#include "base/thread_state.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <latch>
#include <thread>
#include <utility>

namespace mortise::base {
namespace {

using namespace std::chrono_literals;

TEST(ThreadState, KnowsWhatTimeAThreadHasHad) {
  const auto self = ThreadId::of_this_thread();
  const auto before = self.cpu_time();
  while (self.cpu_time() < before + 5ms) {
  }
  EXPECT_GT(before, 0ns);
  EXPECT_TRUE(self.is_runnable());
}

TEST(ThreadState, TellsWhoSleeps) {
  std::promise<ThreadId> told;
  std::latch may_end(1);
  std::thread sleeper([&] {
    told.set_value(ThreadId::of_this_thread());
    may_end.wait();
  });
  const auto thread = told.get_future().get();
  // It is on its way into the latch, and may sleep for a moment on its way.
  const auto limit = std::chrono::steady_clock::now() + 45s;
  int looks_asleep = 0;
  auto used = thread.cpu_time();
  while (looks_asleep < 100 && std::chrono::steady_clock::now() < limit) {
    const auto before = std::exchange(used, thread.cpu_time());
    looks_asleep = before == used && !thread.is_runnable() ? looks_asleep + 1 : 0;
  }
  EXPECT_EQ(looks_asleep, 100);
  EXPECT_GT(used, 0ns);
  may_end.count_down();
  sleeper.join();
}

TEST(ThreadState, KnowsNothingOfNobody) {
  EXPECT_EQ(ThreadId().cpu_time(), 0ns);
  EXPECT_FALSE(ThreadId().is_runnable());
}

}  // namespace
}  // namespace mortise::base
