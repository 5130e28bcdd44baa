#include "isolation/talk.hpp"

#include <sys/socket.h>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace mortise::isolation {
namespace {

class TalkTest : public ::testing::Test {
 protected:
  TalkTest() {
    auto ends = Talk::make();
    host_.emplace(std::move(ends->first));
    worker_.emplace(std::move(ends->second));
  }
  void send_raw(std::string_view bytes) {
    ASSERT_EQ(::send(worker_->descriptor(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  }

  std::optional<Talk> host_;
  std::optional<Talk> worker_;
  Message message_;
};

TEST_F(TalkTest, KeepsMessagesApartAndTheirBytes) {
  EXPECT_EQ(host_->receive(message_), Talk::Received::nothing);
  EXPECT_TRUE(worker_->send({{"say", "one"}, {"n", 7}}, std::string("a\0b", 3)));
  EXPECT_TRUE(worker_->send({{"say", "two"}}));
  ASSERT_EQ(host_->receive(message_), Talk::Received::message);
  EXPECT_EQ(message_.said(), "one");
  EXPECT_EQ(message_.number("n"), 7);
  EXPECT_EQ(message_.text("n"), "") << "which is no text";
  EXPECT_EQ(message_.bytes, std::string("a\0b", 3));
  ASSERT_EQ(host_->receive(message_), Talk::Received::message);
  EXPECT_EQ(message_.said(), "two");
  EXPECT_EQ(message_.bytes, "");
  EXPECT_EQ(host_->receive(message_), Talk::Received::nothing);
}

TEST_F(TalkTest, SendsWhatIsLargeInPieces) {
  const std::string large(kMostBytes * 2 + 5, 'x');
  std::thread sending([&] { EXPECT_TRUE(worker_->send_all({{"say", "done"}}, large)); });
  std::string received;
  while (host_->wait(message_) && message_.said() == say::kPiece) received += message_.bytes;
  sending.join();
  EXPECT_EQ(message_.said(), "done");
  EXPECT_EQ(received, large);
}

TEST_F(TalkTest, SeesTheEnd) {
  worker_.reset();
  EXPECT_EQ(host_->receive(message_), Talk::Received::ended);
  EXPECT_FALSE(host_->send({{"say", "anything"}}));
}

TEST_F(TalkTest, TakesNothingThatClaimsToBeTooLong) {
  send_raw(std::string(8, '\xff'));
  EXPECT_EQ(host_->receive(message_), Talk::Received::garbage);
}

TEST_F(TalkTest, TakesNothingThatIsNoJson) {
  send_raw(std::string("\x03\0\0\0\0\0\0\0{x}", 11));
  EXPECT_EQ(host_->receive(message_), Talk::Received::garbage);
}

TEST_F(TalkTest, TakesNothingThatIsTooDeep) {
  const auto send_nested = [this](std::size_t levels) {
    nlohmann::json head{{"text", "]]\"[["}};
    for (std::size_t i = 1; i < levels; ++i) head = {{"nested", std::move(head)}};
    EXPECT_TRUE(worker_->send(head));
  };
  send_nested(64);
  EXPECT_EQ(host_->receive(message_), Talk::Received::message);
  EXPECT_TRUE(worker_->send({{"text", std::string(1000, '[')}}));
  EXPECT_EQ(host_->receive(message_), Talk::Received::message) << "which is text";
  send_nested(65);
  EXPECT_EQ(host_->receive(message_), Talk::Received::garbage);
}

TEST_F(TalkTest, TakesNoLongerHeadThanItsLimit) {
  host_->limit_heads(100);
  EXPECT_TRUE(worker_->send({{"text", std::string(80, 'x')}}));
  EXPECT_EQ(host_->receive(message_), Talk::Received::message);
  EXPECT_TRUE(worker_->send({{"text", std::string(100, 'x')}}));
  EXPECT_EQ(host_->receive(message_), Talk::Received::garbage);
}

TEST_F(TalkTest, DoesNotWaitLongerForWhoReadsALittleNowAndThen) {
  host_->limit_sending(std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
  std::atomic<bool> is_over{false};
  std::thread reading([&] {
    for (char byte = 0; !is_over;) static_cast<void>(::recv(worker_->descriptor(), &byte, 1, MSG_DONTWAIT));
  });
  EXPECT_FALSE(host_->send_all({{"say", "hook"}}, std::string(std::size_t{64} << 20U, 'x')));
  is_over = true;
  reading.join();
}

TEST_F(TalkTest, DoesNotWaitForEverForWhoDoesNotRead) {
  host_->limit_sending(std::chrono::steady_clock::now() + std::chrono::milliseconds(10));
  EXPECT_FALSE(host_->send_all({{"say", "hook"}}, std::string(std::size_t{64} << 20U, 'x')));
}

}  // namespace
}  // namespace mortise::isolation
