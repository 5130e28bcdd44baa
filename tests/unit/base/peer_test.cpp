// Whether the other side of a connection is there.
#include "base/peer.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "base/files.hpp"

namespace mortise::base {
namespace {

class PeerTest : public ::testing::Test {
 protected:
  PeerTest() {
    const Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const place = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener.get(), place, size), 0);
    EXPECT_EQ(::listen(listener.get(), 1), 0);
    EXPECT_EQ(::getsockname(listener.get(), place, &size), 0);
    theirs_ = Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(theirs_.get(), place, size), 0);
    ours_ = Descriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }

  Descriptor ours_;
  Descriptor theirs_;
};

TEST_F(PeerTest, IsThereWhateverThisSideDoes) {
  EXPECT_FALSE(has_peer_gone(ours_.get()));
  ASSERT_EQ(::shutdown(ours_.get(), SHUT_RD), 0);
  EXPECT_FALSE(has_peer_gone(ours_.get()));
  ASSERT_EQ(::shutdown(ours_.get(), SHUT_WR), 0);
  EXPECT_FALSE(has_peer_gone(ours_.get()));
}

TEST_F(PeerTest, IsGoneWhenItHasFinishedSending) {
  ASSERT_EQ(::send(theirs_.get(), "unread", 6, 0), 6);
  ASSERT_EQ(::shutdown(theirs_.get(), SHUT_WR), 0);
  EXPECT_TRUE(has_peer_gone(ours_.get()));
}

TEST_F(PeerTest, IsGoneWhenItHasReset) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ASSERT_EQ(::setsockopt(theirs_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  theirs_ = Descriptor();
  EXPECT_TRUE(has_peer_gone(ours_.get()));
}

TEST_F(PeerTest, NothingIsSaidOfOtherSockets) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const Descriptor one(pair[0]);
  ::close(pair[1]);
  EXPECT_FALSE(has_peer_gone(one.get()));
}

}  // namespace
}  // namespace mortise::base
