#include "isolation/ring.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <thread>

namespace mortise::isolation {
namespace {

using Memory = RingMemory<std::uint32_t>;
using Writer = RingWriter<std::uint32_t>;
using Reader = RingReader<std::uint32_t>;

class RingTest : public ::testing::Test {
 protected:
  std::unique_ptr<Memory> memory_ = std::make_unique<Memory>();
  Writer writer_{*memory_};
  Reader reader_{*memory_};
};

TEST_F(RingTest, GivesBackInOrderWhatWasPushed) {
  EXPECT_EQ(reader_.pop(), std::nullopt);
  EXPECT_EQ(writer_.push(7), Writer::Pushed::to_empty);
  EXPECT_EQ(writer_.push(8), Writer::Pushed::quietly) << "who was woken for the first finds the second";
  EXPECT_EQ(writer_.backlog(), 2U);
  EXPECT_EQ(reader_.pop(), 7U);
  EXPECT_EQ(reader_.pop(), 8U);
  EXPECT_TRUE(reader_.is_empty());
  EXPECT_EQ(writer_.push(9), Writer::Pushed::to_empty);
}

TEST_F(RingTest, RefusesWhatItHasNoRoomFor) {
  for (std::uint32_t i = 0; i < kRingSize; ++i) ASSERT_NE(writer_.push(i), Writer::Pushed::full);
  EXPECT_EQ(writer_.push(0), Writer::Pushed::full);
  EXPECT_EQ(reader_.pop(), 0U);
  EXPECT_NE(writer_.push(kRingSize), Writer::Pushed::full);
  for (std::uint32_t i = 1; i <= kRingSize; ++i) ASSERT_EQ(reader_.pop(), i);
}

TEST_F(RingTest, SeesThatTheOtherSideClaimsMoreThanThereIs) {
  writer_.push(1);
  EXPECT_TRUE(reader_.is_sound());
  memory_->tail = kRingSize + 1;
  EXPECT_FALSE(reader_.is_sound());
}

TEST_F(RingTest, AWriterIsNotLedAstrayByWhoReads) {
  writer_.push(1);
  memory_->head = 12345;  // beyond what was written
  EXPECT_EQ(writer_.push(2), Writer::Pushed::full);
}

TEST_F(RingTest, LosesNothingBetweenTwoThreads) {
  constexpr std::uint32_t kCount = 200'000;
  std::thread writing([this] {
    for (std::uint32_t i = 0; i < kCount;) {
      if (writer_.push(i) != Writer::Pushed::full) ++i;
    }
  });
  for (std::uint32_t i = 0; i < kCount;) {
    const auto entry = reader_.pop();
    if (!entry) continue;
    ASSERT_EQ(*entry, i);
    ++i;
  }
  writing.join();
}

}  // namespace
}  // namespace mortise::isolation
