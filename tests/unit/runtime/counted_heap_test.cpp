#include "runtime/counted_heap.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

namespace mortise::runtime {
namespace {

class CountedHeapTest : public ::testing::Test {
 protected:
  /// Each with an account of its own.
  MemoryAccount& account_ = MemoryAccount::of(::testing::UnitTest::GetInstance()->current_test_info()->name());
  [[nodiscard]] std::uint64_t counted() const { return account_.use().heap; }
};

TEST_F(CountedHeapTest, ABlockCountsFromItsBirthToItsEnd) {
  auto* const block = allocate_counted(account_, 1000, 0);
  ASSERT_NE(block, nullptr);
  EXPECT_GE(counted(), 1000U);
  EXPECT_LT(counted(), 1100U);
  std::memset(block, 0xff, 1000);  // all of it is the plugin's
  free_counted(block);
  EXPECT_EQ(counted(), 0U);
}

TEST_F(CountedHeapTest, EverySizeHasAllItsBytes) {
  std::vector<void*> blocks;
  for (std::size_t size = 0; size < 300; ++size) {
    blocks.push_back(allocate_counted(account_, size, 0));
    ASSERT_NE(blocks.back(), nullptr);
    std::memset(blocks.back(), 0xff, size);
  }
  for (auto* block : blocks) free_counted(block);
  EXPECT_EQ(counted(), 0U);
}

TEST_F(CountedHeapTest, KeepsAlignments) {
  for (std::size_t alignment = 1; alignment <= 4096; alignment *= 2) {
    auto* const block = allocate_counted(account_, 24, alignment);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block) % alignment, 0U);
    std::memset(block, 0xff, 24);
    free_counted(block);
  }
  EXPECT_EQ(counted(), 0U);
}

TEST_F(CountedHeapTest, BlocksOfOthersAreFreedAndCountForNobody) {
  auto* const mine = allocate_counted(account_, 100, 0);
  const auto before = counted();
  for (std::size_t size = 0; size < 300; ++size) {
    auto* const block = std::malloc(size);  // NOLINT(cppcoreguidelines-no-malloc)
    if (size > 0) std::memset(block, 0, size);
    free_counted(block);
  }
  free_counted(nullptr);
  EXPECT_EQ(counted(), before);
  free_counted(mine);
}

TEST_F(CountedHeapTest, WhatIsAllocatedWhereABlockWasIsNotTakenForIt) {
  constexpr int kRounds = 100;
  for (int round = 0; round < kRounds; ++round) {
    auto* const block = allocate_counted(account_, 64, 0);
    free_counted(block);
    free_counted(std::malloc(64 + sizeof(std::uint64_t)));  // NOLINT(cppcoreguidelines-no-malloc): most likely there
  }
  EXPECT_EQ(counted(), 0U);
}

TEST_F(CountedHeapTest, WhoFreesItElsewhereLeavesItCounted) {
  auto* const block = allocate_counted(account_, 100, 0);
  std::free(block);  // NOLINT(cppcoreguidelines-no-malloc)
  EXPECT_GE(counted(), 100U);
}

TEST_F(CountedHeapTest, WhatNobodyHasIsNull) {
  EXPECT_EQ(allocate_counted(account_, std::numeric_limits<std::size_t>::max(), 0), nullptr);
  EXPECT_EQ(allocate_counted(account_, std::numeric_limits<std::size_t>::max() - 8, 64), nullptr);
  EXPECT_EQ(counted(), 0U);
}

}  // namespace
}  // namespace mortise::runtime
