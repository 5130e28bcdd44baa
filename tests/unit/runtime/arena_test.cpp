#include "runtime/arena.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

namespace mortise::runtime {
namespace {

class ArenaTest : public ::testing::Test {
 protected:
  /// As mortise_arena_allocate() does.
  std::uint8_t* take(std::uint64_t size, std::uint64_t alignment = 1) {
    const auto padding = (0 - reinterpret_cast<std::uintptr_t>(scope_.arena_next)) & (alignment - 1);
    const auto room = static_cast<std::uint64_t>(scope_.arena_end - scope_.arena_next);
    if (padding > room || size > room - padding) {
      return static_cast<std::uint8_t*>(arena_.grow(scope_, size, alignment));
    }
    auto* const memory = scope_.arena_next + padding;
    scope_.arena_next = memory + size;
    return memory;
  }

  static constexpr std::uint64_t kCap = 1 << 20;
  mortise_scope scope_{};
  Arena arena_{kCap};
};

TEST_F(ArenaTest, WhatItHasTakenCountsUntilItIsGivenBack) {
  MemoryAccount account(1);
  const auto counted = [&] { return account.use().arena; };
  {
    Arena arena(kCap, &account);
    EXPECT_EQ(counted(), 0U);
    ASSERT_NE(arena.grow(scope_, 100, 1), nullptr);
    EXPECT_EQ(counted(), 0U) << "of the thread's own";
    ASSERT_NE(arena.grow(scope_, 200, 1), nullptr);
    const auto second = counted();
    EXPECT_GE(second, 200U);
    ASSERT_NE(arena.grow(scope_, 100'000, 1), nullptr);
    EXPECT_GE(counted(), second + 100'000);
    arena.rewind(scope_, 0);
    EXPECT_EQ(counted(), 0U);
    ASSERT_NE(arena.grow(scope_, 50'000, 1), nullptr);
  }
  EXPECT_EQ(counted(), 0U);
}

TEST_F(ArenaTest, HandsOutMemoryThatDoesNotOverlap) {
  std::uint8_t* former = nullptr;
  for (int i = 0; i < 2000; ++i) {
    auto* const memory = take(100);
    ASSERT_NE(memory, nullptr);
    std::memset(memory, i & 0xff, 100);
    if (former != nullptr) {
      ASSERT_EQ(former[99], (i - 1) & 0xff);
    }
    former = memory;
  }
}

TEST_F(ArenaTest, AlignsAsAsked) {
  for (std::uint64_t alignment = 1; alignment <= 4096; alignment *= 2) {
    take(1);
    auto* const memory = take(8, alignment);
    ASSERT_NE(memory, nullptr) << alignment;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % alignment, 0U);
  }
}

TEST_F(ArenaTest, RefusesAlignmentsThatAreNone) {
  EXPECT_EQ(arena_.grow(scope_, 8, 0), nullptr);
  EXPECT_EQ(arena_.grow(scope_, 8, 3), nullptr);
  EXPECT_EQ(arena_.grow(scope_, 8, 8192), nullptr);
}

TEST_F(ArenaTest, StopsAtItsCap) {
  EXPECT_EQ(take(kCap + 1), nullptr);
  EXPECT_EQ(take(std::numeric_limits<std::uint64_t>::max()), nullptr);
  std::uint64_t taken = 0;
  while (take(1000) != nullptr) taken += 1000;
  EXPECT_LE(taken, kCap);
  EXPECT_GE(taken, kCap * 9 / 10);
}

TEST_F(ArenaTest, GivesTheWholeCapToOneWhoAsksForIt) { EXPECT_NE(take(kCap), nullptr); }

TEST_F(ArenaTest, UsesAgainWhatWasFreed) {
  take(10);
  const auto mark = arena_.mark(scope_);
  auto* const first = take(10);
  arena_.rewind(scope_, mark);
  EXPECT_EQ(take(10), first);
}

TEST_F(ArenaTest, FreesAcrossPieces) {
  auto* const kept = take(10);
  std::memset(kept, 7, 10);
  const auto mark = arena_.mark(scope_);
  // Many times the cap in all: only freeing makes it possible.
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 9; ++i) {
      ASSERT_NE(take(100000), nullptr) << "round " << round;
    }
    arena_.rewind(scope_, mark);
    ASSERT_EQ(arena_.mark(scope_), mark);
  }
  EXPECT_EQ(kept[9], 7);
}

TEST_F(ArenaTest, FreesNestedMarksInTheirOrder) {
  const auto outer = arena_.mark(scope_);
  take(20000);
  const auto inner = arena_.mark(scope_);
  take(20000);
  arena_.rewind(scope_, inner);
  auto* const again = take(10);
  arena_.rewind(scope_, inner);
  EXPECT_EQ(take(10), again);
  arena_.rewind(scope_, outer);
  EXPECT_EQ(arena_.mark(scope_), outer);
  EXPECT_NE(take(10), nullptr);
}

}  // namespace
}  // namespace mortise::runtime
