#include "occasional.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace boutique::frontend {
namespace {

using namespace std::chrono_literals;

TEST(Occasional, SaysTheFirstAtOnceAndTheNextInAWhileWithHowManyThereWere) {
  Occasional occasional;
  const auto begun = Occasional::Clock::now();
  EXPECT_EQ(occasional.note(begun), 1U);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(occasional.note(begun + 59s), std::nullopt);
  EXPECT_EQ(occasional.note(begun + 60s), 6U);
  EXPECT_EQ(occasional.note(begun + 61s), std::nullopt);
  EXPECT_EQ(occasional.note(begun + 10min), 2U);
}

TEST(Occasional, IsSaidByOneOfManyThreads) {
  Occasional occasional;
  const auto now = Occasional::Clock::now();
  std::atomic<int> said{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000; ++n) said += occasional.note(now) ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(said, 1);
}

}  // namespace
}  // namespace boutique::frontend
