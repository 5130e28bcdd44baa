// Which of a host's addresses is connected with, and how long the others may take.
#include "remote/connecting.hpp"

#include <Poco/Net/ServerSocket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "silent_host.hpp"

namespace mortise::remote {
namespace {

using namespace std::chrono_literals;
using Poco::Net::ServerSocket;
using Poco::Net::SocketAddress;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Clock = std::chrono::steady_clock;

class ConnectingTest : public ::testing::Test {
 protected:
  static SocketAddress refusing() { return ServerSocket(SocketAddress("127.0.0.1", 0)).address(); }

  ServerSocket host_{SocketAddress("127.0.0.1", 0)};
  const Clock::time_point begun_ = Clock::now();
};

TEST_F(ConnectingTest, OneThatRefusesLeavesItToTheNext) {
  const auto socket = connect_to_any({refusing(), refusing(), host_.address()}, Clock::time_point::max());
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(socket->peerAddress(), host_.address());
}

TEST_F(ConnectingTest, OneThatIsSilentLeavesTheNextItsShareOfTheTime) {
  const SilentHost silent;
  const auto socket = connect_to_any({silent.address(), host_.address()}, begun_ + 1h);
  ASSERT_TRUE(socket) << socket.error().message;
  EXPECT_EQ(socket->peerAddress(), host_.address());
}

TEST_F(ConnectingTest, WithoutADeadlineItEndsAllTheSame) {
  const SilentHost silent;
  EXPECT_FALSE(connect_to_any({silent.address(), silent.address()}, Clock::time_point::max()));
  EXPECT_GE(Clock::now(), begun_ + 2s);
}

TEST_F(ConnectingTest, AllTogetherGetNoMoreThanTheDeadline) {
  const SilentHost silent;
  const std::vector<SocketAddress> many(100, silent.address());
  EXPECT_FALSE(connect_to_any(many, begun_ + 300ms));
  EXPECT_LT(Clock::now(), begun_ + 20s) << "a hundred least shares are 25 s";
}

TEST_F(ConnectingTest, OneAddressIsNotCounted) {
  const auto socket = connect_to_any({refusing()}, Clock::time_point::max());
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message, AllOf(HasSubstr("refused"), Not(HasSubstr("addresses"))));
}

TEST_F(ConnectingTest, OfSeveralTheLastIsSaid) {
  const auto last = refusing();
  const auto socket = connect_to_any({refusing(), last}, Clock::time_point::max());
  ASSERT_FALSE(socket);
  EXPECT_THAT(socket.error().message,
              AllOf(HasSubstr("none of its 2 addresses"), HasSubstr("refused"), HasSubstr(last.toString())));
}

TEST(ResolveTest, ANumberStandsForItself) {
  const auto addresses = resolve("::1", 80);
  ASSERT_TRUE(addresses) << addresses.error().message;
  EXPECT_THAT(*addresses, ElementsAre(SocketAddress("::1", 80)));
}

TEST(ResolveTest, ANameHasItsAddressesWithThePort) {
  const auto addresses = resolve("localhost", 8080);
  ASSERT_TRUE(addresses) << addresses.error().message;
  EXPECT_EQ(addresses->front(), SocketAddress("127.0.0.1", 8080));
}

}  // namespace
}  // namespace mortise::remote
