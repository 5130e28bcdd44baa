#include "base/ready_set.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace mortise::base {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLong{45000};

/// Two connected sockets, the first of which is in the set.
class ReadySetTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> pair{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.data()), 0);
    ours_ = Descriptor(pair[0]);
    theirs_ = Descriptor(pair[1]);
    ASSERT_TRUE(set_.add(ours_.get(), this));
    ASSERT_EQ(set_.wait(events_, kLong).count, 1U);  // it can be written to
    EXPECT_TRUE(events_[0].is_writable);
    EXPECT_FALSE(events_[0].is_readable);
  }

  void write_theirs() { ASSERT_EQ(::write(theirs_.get(), "x", 1), 1); }

  ReadySet set_;
  Descriptor ours_;
  Descriptor theirs_;
  std::array<ReadySet::Event, ReadySet::kMaxEvents> events_;
};

TEST_F(ReadySetTest, TellsOnceOfEachArrival) {
  write_theirs();
  ASSERT_EQ(set_.wait(events_, kLong).count, 1U);
  EXPECT_EQ(events_[0].token, this);
  EXPECT_TRUE(events_[0].is_readable);
  EXPECT_FALSE(events_[0].is_ended);
  EXPECT_EQ(set_.wait(events_, 0ms).count, 0U);
  write_theirs();
  EXPECT_EQ(set_.wait(events_, kLong).count, 1U);
}

TEST_F(ReadySetTest, TellsOfThePeersEnd) {
  ASSERT_EQ(::shutdown(theirs_.get(), SHUT_WR), 0);
  ASSERT_EQ(set_.wait(events_, kLong).count, 1U);
  EXPECT_TRUE(events_[0].is_readable);
  EXPECT_TRUE(events_[0].is_ended);
}

TEST_F(ReadySetTest, TellsNothingOfAClosedDescriptor) {
  write_theirs();
  ours_ = {};
  EXPECT_EQ(set_.wait(events_, 0ms).count, 0U);
}

TEST_F(ReadySetTest, ReturnsWhenItIsWokenDuringAWaitOrBeforeIt) {
  std::thread waker([this] { set_.wake(); });
  EXPECT_TRUE(set_.wait(events_, kLong).is_woken);
  waker.join();
  set_.wake();
  const auto told = set_.wait(events_, kLong);
  EXPECT_TRUE(told.is_woken);
  EXPECT_EQ(told.count, 0U);
}

TEST_F(ReadySetTest, IsWokenByADescriptorThatOthersRead) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const Descriptor reader(pipe[0]);
  const Descriptor writer(pipe[1]);
  ASSERT_TRUE(set_.add_waker(reader.get()));
  EXPECT_FALSE(set_.wait(events_, 0ms).is_woken);
  ASSERT_EQ(::write(writer.get(), "x", 1), 1);
  EXPECT_TRUE(set_.wait(events_, kLong).is_woken);
}

TEST(ReadySet, IsItselfReadableWhileItHasSomethingToTell) {
  ReadySet outer;
  ReadySet inner;
  ASSERT_TRUE(outer.add(inner.descriptor(), &inner));
  std::array<ReadySet::Event, 1> events;
  outer.wait(events, 0ms);
  inner.wake();
  ASSERT_EQ(outer.wait(events, kLong).count, 1U);
  EXPECT_EQ(events[0].token, &inner);
  EXPECT_TRUE(events[0].is_readable);
}

}  // namespace
}  // namespace mortise::base
