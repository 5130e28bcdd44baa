#include "isolation/block_heap.hpp"

#include <sys/mman.h>

#include <gtest/gtest.h>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

namespace mortise::isolation {
namespace {

class BlockHeapTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kBytes = std::size_t{4} << 20U;

  void* memory_ = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  std::span<std::uint8_t> bytes_{static_cast<std::uint8_t*>(memory_), kBytes};
  BlockHeap heap_{bytes_};

  ~BlockHeapTest() override { ::munmap(memory_, kBytes); }
};

TEST_F(BlockHeapTest, GivesAllOfItInOnePieceAndNoMore) {
  auto* const all = heap_.allocate(kBytes);
  EXPECT_EQ(all, bytes_.data());
  EXPECT_EQ(heap_.allocate(1), nullptr);
  heap_.free(all);
  EXPECT_EQ(heap_.allocate(kBytes + 1), nullptr);
  EXPECT_NE(heap_.allocate(1), nullptr);
}

TEST_F(BlockHeapTest, PutsTogetherAgainWhatWasCutUp) {
  std::vector<std::uint8_t*> blocks;
  for (std::size_t i = 0; i < kBytes / BlockHeap::kLeastBytes; ++i) blocks.push_back(heap_.allocate(1));
  EXPECT_EQ(heap_.allocate(1), nullptr);
  for (auto* block : blocks) heap_.free(block);
  EXPECT_EQ(heap_.allocate(kBytes), bytes_.data());
}

TEST_F(BlockHeapTest, KeepsOneOfEachSizeAtHandUntilItIsNeededElsewhere) {
  std::vector<std::uint8_t*> blocks;
  for (std::size_t size = BlockHeap::kLeastBytes; size < kBytes / 4; size *= 2) blocks.push_back(heap_.allocate(size));
  auto* const other = heap_.allocate(BlockHeap::kLeastBytes);
  for (auto* block : blocks) heap_.free(block);
  EXPECT_EQ(heap_.allocate(BlockHeap::kLeastBytes), blocks.front()) << "the last one of its size";
  EXPECT_NE(heap_.allocate(BlockHeap::kLeastBytes), blocks.front()) << "once";
  heap_.free(blocks.front());
  heap_.free(other);
}

TEST_F(BlockHeapTest, PutsTogetherAgainWhatItHasAtHandOfSeveralSizes) {
  std::vector<std::uint8_t*> blocks;
  for (std::size_t size = BlockHeap::kLeastBytes; size <= kBytes / 4; size *= 2) blocks.push_back(heap_.allocate(size));
  for (auto* block : blocks) heap_.free(block);
  EXPECT_EQ(heap_.allocate(kBytes), bytes_.data());
}

TEST_F(BlockHeapTest, BlocksNeverOverlap) {
  std::mt19937 random(4711);
  std::vector<std::pair<std::uint8_t*, std::size_t>> taken;
  for (int i = 0; i < 2000; ++i) {
    if (!taken.empty() && random() % 2 == 0) {
      const auto which = random() % taken.size();
      const auto [block, size] = taken[which];
      for (std::size_t at = 0; at < size; at += 4096) ASSERT_EQ(block[at], static_cast<std::uint8_t>(size));
      heap_.free(block);
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(which));
    } else if (const std::size_t size = 1 + random() % 200'000; auto* const block = heap_.allocate(size)) {
      ASSERT_LE(block + size, bytes_.data() + kBytes);
      std::memset(block, static_cast<int>(static_cast<std::uint8_t>(size)), size);
      taken.emplace_back(block, size);
    }
  }
}

}  // namespace
}  // namespace mortise::isolation
