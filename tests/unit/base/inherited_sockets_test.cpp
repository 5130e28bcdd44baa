#include "base/inherited_sockets.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cstdlib>

namespace mortise::base {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr pid_t kPid = 77;

struct Listening {
  Descriptor socket;
  std::uint16_t port;
};

Listening listen_locally(in_addr_t address = INADDR_LOOPBACK) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_addr.s_addr = htonl(address);
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&bound), sizeof bound), 0);
  EXPECT_EQ(::listen(socket.get(), 8), 0);
  socklen_t size = sizeof bound;
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  return {std::move(socket), ntohs(bound.sin_port)};
}

std::string refusal(int descriptor) {
  const auto adopted = InheritedSockets::adopt(descriptor, {"web"});
  return adopted ? "" : adopted.error().message;
}

TEST(ListenVariables, NameEachDescriptor) {
  EXPECT_THAT(*parse_listen_variables(kPid, "77", "3", "web:admin:x"), ElementsAre("web", "admin", "x"));
  EXPECT_THAT(*parse_listen_variables(kPid, "77", "2", nullptr), ElementsAre("unknown", "unknown"));
  EXPECT_THAT(*parse_listen_variables(kPid, "77", "3", ":b"), ElementsAre("unknown", "b", "unknown"));
  EXPECT_THAT(*parse_listen_variables(kPid, "77", "0", ""), IsEmpty());
}

TEST(ListenVariables, OfAnotherProcessOrIncompleteAreNone) {
  EXPECT_THAT(*parse_listen_variables(kPid, "78", "3", "a:b:c"), IsEmpty());
  EXPECT_THAT(*parse_listen_variables(kPid, nullptr, "3", nullptr), IsEmpty());
  EXPECT_THAT(*parse_listen_variables(kPid, "77", nullptr, nullptr), IsEmpty());
}

TEST(ListenVariables, ThatAreNoNumbersAreRefusedByName) {
  EXPECT_THAT(parse_listen_variables(kPid, "me", "1", nullptr).error().message, HasSubstr("LISTEN_PID is 'me'"));
  for (const char* count : {"", "x", "-1", "1x", "4097", "99999999999"}) {
    EXPECT_THAT(parse_listen_variables(kPid, "77", count, nullptr).error().message, HasSubstr("LISTEN_FDS is '"));
  }
}

TEST(InheritedSockets, AreMatchedByAddressAndPort) {
  auto web = listen_locally();
  auto other = listen_locally(INADDR_LOOPBACK + 1);
  auto adopted = *InheritedSockets::adopt(web.socket.release(), {"web"});
  EXPECT_THAT(adopted.take("127.0.0.2", web.port), IsEmpty());
  EXPECT_THAT(adopted.take("127.0.0.1", other.port), IsEmpty());
  EXPECT_EQ(adopted.describe_rest(), "'web' (127.0.0.1:" + std::to_string(web.port) + ")");
  const auto taken = adopted.take("127.0.0.1", web.port);
  ASSERT_THAT(taken, SizeIs(1));
  EXPECT_NE(::fcntl(taken[0].get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(adopted.describe_rest(), "");
}

TEST(InheritedSockets, PortZeroTakesThoseOfOnePort) {
  auto web = listen_locally();
  auto adopted = *InheritedSockets::adopt(web.socket.release(), {"web"});
  EXPECT_THAT(adopted.take("127.0.0.1", 0), SizeIs(1));
}

TEST(InheritedSockets, OnlyTcpSocketsThatListenAreTaken) {
  EXPECT_THAT(refusal(::open("/dev/null", O_RDONLY)), HasSubstr("('web') is no socket"));
  EXPECT_THAT(refusal(::socket(AF_UNIX, SOCK_STREAM, 0)), HasSubstr("is no TCP socket"));
  EXPECT_THAT(refusal(::socket(AF_INET, SOCK_STREAM, 0)), HasSubstr("does not listen"));
  EXPECT_THAT(refusal(1 << 20), AllOf(HasSubstr("descriptor 1048576"), HasSubstr("is not open")));
}

TEST(InheritedSockets, EnvironmentIsClearedWhoeverItWasMeantFor) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "a:b", 1);
  EXPECT_EQ(InheritedSockets::from_environment()->describe_rest(), "");
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) {
    EXPECT_EQ(std::getenv(variable), nullptr) << variable;
  }
}

}  // namespace
}  // namespace mortise::base
