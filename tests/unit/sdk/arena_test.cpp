#include <gtest/gtest.h>

#include <algorithm>
#include <mortise/arena.hpp>
#include <string>

#include "fake_contracts.hpp"

namespace mortise {
namespace {

using sdk_testing::FakeScope;

class ArenaTest : public ::testing::Test {
 protected:
  ArenaTest() { sdk_testing::link_contracts(); }
};

template <std::size_t alignment>
struct alignas(alignment) Aligned {
  std::uint8_t bytes[alignment];
};
template <std::size_t alignment>
void expect_aligned() {
  copy("x");  // leaves the arena at an odd address
  const auto values = arena_array<Aligned<alignment>>(3);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(values.data()) % alignment, 0U) << alignment;
}

TEST_F(ArenaTest, AlignsWhatItGives) {
  const FakeScope scope(FakeScope::kNoCap, 64UL << 10);
  expect_aligned<1>();
  expect_aligned<2>();
  expect_aligned<8>();
  expect_aligned<64>();
  expect_aligned<4096>();
  EXPECT_EQ(scope.pieces(), 1U);
}

TEST_F(ArenaTest, GivesMemoryThatDoesNotOverlap) {
  const FakeScope scope(FakeScope::kNoCap, 256);
  std::vector<std::span<std::uint64_t>> all;
  for (std::uint64_t i = 0; i < 500; ++i) {
    all.push_back(arena_array<std::uint64_t>(i % 9 + 1));
    std::fill(all.back().begin(), all.back().end(), i);
  }
  for (std::uint64_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(std::count(all[i].begin(), all[i].end(), i), static_cast<std::ptrdiff_t>(i % 9 + 1));
  }
}

TEST_F(ArenaTest, GrowsByOnePieceForWhatIsLargerThanAPiece) {
  const FakeScope scope(FakeScope::kNoCap, 256);
  EXPECT_EQ(copy(std::string(100, 'a')), std::string(100, 'a'));
  EXPECT_EQ(copy(std::string(100, 'b')), std::string(100, 'b'));
  EXPECT_EQ(scope.pieces(), 1U);
  EXPECT_EQ(copy(std::string(100000, 'c')).size(), 100000U);
  EXPECT_EQ(scope.pieces(), 2U);
}

TEST_F(ArenaTest, SaysWhatToDoAtItsCap) {
  const FakeScope scope(1000);
  copy(std::string(600, 'x'));
  try {
    copy(std::string(600, 'x'));
    FAIL() << "did not throw";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::resource_exhausted);
    EXPECT_STREQ(error.what(),
                 "the scope's arena is at its cap and has no 600 bytes left; free earlier with mortise::ArenaScope in "
                 "long loops, or raise arena_max_bytes");
  }
  EXPECT_EQ(copy("still works").size(), 11U);
}

TEST_F(ArenaTest, AtItsCapDoesNotReplaceAFailureThatLeavesThePlugin) {
  FakeScope scope(100);
  copy(std::string(100, 'x'));
  detail::hand_back(Error(Status::not_found, "no such rate", "currency 1.0.0: rates/1 convert"));
  EXPECT_EQ(scope.raw().failure.status, MORTISE_NOT_FOUND);
  EXPECT_EQ(detail::view(scope.raw().failure.message), "");
}

TEST_F(ArenaTest, TakesBackAFailureThatLeavesThePlugin) {
  FakeScope scope;
  detail::hand_back(Error(Status::not_found, "no such rate", "currency 1.0.0: rates/1 convert"));
  EXPECT_EQ(scope.raw().failure.status, MORTISE_NOT_FOUND);
  EXPECT_EQ(detail::view(scope.raw().failure.message), "no such rate");
  EXPECT_EQ(detail::view(scope.raw().failure.context), "currency 1.0.0: rates/1 convert");
}

TEST_F(ArenaTest, RefusesACountWhoseSizeOverflows) {
  const FakeScope scope;
  EXPECT_THROW(arena_array<std::uint64_t>(SIZE_MAX / 4), Error);
  EXPECT_EQ(scope.pieces(), 0U);
}

TEST_F(ArenaTest, TakesNothingForNothing) {
  const FakeScope scope;
  EXPECT_TRUE(copy("").empty());
  EXPECT_TRUE(arena_array<std::uint64_t>(0).empty());
  EXPECT_TRUE(copy(std::span<const int>()).empty());
  EXPECT_EQ(scope.pieces(), 0U);
}

TEST_F(ArenaTest, FreesAtTheEndOfAnArenaScope) {
  const FakeScope scope(1000);
  const auto kept = copy("kept");
  for (int i = 0; i < 100; ++i) {  // a hundred times what the cap allows at once
    const ArenaScope loop;
    copy(std::string(500, 'x'));
    const ArenaScope inner;
    copy(std::string(300, 'x'));
    EXPECT_EQ(scope.pieces(), 3U);
  }
  EXPECT_EQ(scope.pieces(), 1U);
  EXPECT_EQ(kept, "kept");
}

TEST_F(ArenaTest, FreesWhenAnExceptionLeavesAnArenaScope) {
  const FakeScope scope;
  try {
    const ArenaScope loop;
    copy("x");
    throw Error(Status::aborted, "enough");
  } catch (const Error&) {
  }
  EXPECT_EQ(scope.pieces(), 0U);
}

}  // namespace
}  // namespace mortise
