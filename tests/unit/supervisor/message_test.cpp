#include "supervisor/message.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/host_link.hpp"

namespace mortise::supervisor {
namespace {

ino_t inode_of(int descriptor) {
  struct stat status {};
  EXPECT_EQ(::fstat(descriptor, &status), 0);
  return status.st_ino;
}

class MessageTest : public ::testing::Test {
 protected:
  MessageTest() : link_(std::move(ends_.first), 4711) {}

  Message hear() {
    auto message = receive(ends_.second);
    EXPECT_TRUE(message);
    return message ? std::move(*message) : Message{};
  }

  std::pair<base::Descriptor, base::Descriptor> ends_ = *base::make_message_sockets();
  HostLink link_;
};

TEST_F(MessageTest, ArriveOneByOneWithTheirText) {
  link_.tell_ready();
  link_.tell_replaced(23);
  EXPECT_EQ(hear().kind, Kind::ready);
  const auto second = hear();
  EXPECT_EQ(second.kind, Kind::replaced);
  EXPECT_EQ(second.text, "23");
  EXPECT_FALSE(receive(ends_.second));
}

TEST_F(MessageTest, DescriptorsOfAnyNumberArriveAndAreClosedAtExec) {
  const base::Descriptor file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  link_.keep_sockets(std::vector<int>(base::kMostMessageDescriptors + 1, file.get()));
  auto first = hear();
  EXPECT_EQ(first.kind, Kind::sockets);
  EXPECT_EQ(first.descriptors.size(), base::kMostMessageDescriptors);
  const auto second = hear();
  ASSERT_EQ(second.descriptors.size(), 1U);
  EXPECT_EQ(hear().kind, Kind::listening);
  EXPECT_EQ(inode_of(second.descriptors[0].get()), inode_of(file.get()));
  EXPECT_EQ(::fcntl(second.descriptors[0].get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(MessageTest, WhatWasSaidLastIsHeardAfterTheEnd) {
  link_.tell_ending();
  link_ = HostLink(base::Descriptor(), 0);
  EXPECT_EQ(hear().kind, Kind::ending);
  EXPECT_FALSE(receive(ends_.second));
}

TEST_F(MessageTest, NobodyAtTheOtherEndIsNoFault) {
  ends_.second = base::Descriptor();
  link_.tell_ready();
}

}  // namespace
}  // namespace mortise::supervisor
