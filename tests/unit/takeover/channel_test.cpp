#include "takeover/channel.hpp"

#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace mortise::takeover {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

class ChannelTest : public ::testing::Test {
 protected:
  static Channel::Clock::time_point soon() { return Channel::Clock::now() + milliseconds(20); }
  static constexpr auto kLate = Channel::Clock::time_point::max();

  std::pair<Channel, base::Descriptor> ends_ = *Channel::make();
};

TEST_F(ChannelTest, LinesArriveOneByOneWhateverTheirSize) {
  Channel other(std::move(ends_.second));
  std::thread sender([&] {
    other.send("ready", {{"running", std::vector<std::string>(20000, "plugin")}});
    other.send("serving");
  });
  const auto first = ends_.first.receive(kLate);
  EXPECT_EQ(said_in(*first.line), "ready");
  EXPECT_EQ((*first.line)["running"].size(), 20000U);
  EXPECT_EQ(said_in(*ends_.first.receive(kLate).line), "serving");
  sender.join();
}

TEST_F(ChannelTest, BytesThatAreNoUtf8AreReplaced) {
  Channel other(std::move(ends_.second));
  other.send("failed", {{"reason", "bad \xff byte"}});
  EXPECT_EQ((*ends_.first.receive(kLate).line)["reason"], "bad \xef\xbf\xbd byte");
}

TEST_F(ChannelTest, WhatIsNoObjectSaysNothing) {
  ASSERT_EQ(::write(ends_.second.get(), "7\n{\n", 4), 4);
  EXPECT_EQ(said_in(*ends_.first.receive(kLate).line), "");
  EXPECT_EQ(said_in(*ends_.first.receive(kLate).line), "");
}

TEST_F(ChannelTest, SilenceEndsAtTheDeadline) {
  EXPECT_EQ(ends_.first.receive(soon()).why, Channel::Ending::timed_out);
}

TEST_F(ChannelTest, TheOthersEndIsTheEndAlsoOfHalfALine) {
  ASSERT_EQ(::write(ends_.second.get(), "{\"say\"", 6), 6);
  ends_.second = base::Descriptor();
  EXPECT_EQ(ends_.first.receive(kLate).why, Channel::Ending::ended);
  ends_.first.send("lent");  // nobody hears it, and nothing happens
}

TEST_F(ChannelTest, CanBeInterrupted) {
  const base::Descriptor interrupt(::eventfd(1, EFD_CLOEXEC));
  EXPECT_EQ(ends_.first.receive(kLate, interrupt.get()).why, Channel::Ending::interrupted);
}

}  // namespace
}  // namespace mortise::takeover
