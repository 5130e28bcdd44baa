#include "base/user.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>
#include <array>

#include "base/files.hpp"

namespace mortise::base {
namespace {

TEST(User, IsDescribedByNameAndNumber) {
  EXPECT_EQ(describe_user(0), "root (uid 0)");
  EXPECT_EQ(describe_user(3999999999U), "uid 3999999999");
}

TEST(PeerUser, IsWhoMadeTheConnection) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  const Descriptor one(ends[0]);
  const Descriptor other(ends[1]);
  const auto user = peer_user(one.get());
  ASSERT_TRUE(user);
  EXPECT_EQ(*user, ::getuid());
}

TEST(PeerUser, FailsWhereThereIsNoConnection) { EXPECT_FALSE(peer_user(-1)); }

}  // namespace
}  // namespace mortise::base
