// Listening sockets that a service manager has made and hands over.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <cstddef>

#include "base/files.hpp"
#include "support/upgrade_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Listening {
  base::Descriptor socket;
  std::uint16_t port;
};

Listening listen_locally() {
  base::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in bound{};
  bound.sin_family = AF_INET;
  bound.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof bound;
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&bound), size), 0);
  EXPECT_EQ(::listen(socket.get(), 64), 0);
  EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size), 0);
  return {std::move(socket), ntohs(bound.sin_port)};
}

class SocketActivationTest : public UpgradeTest {
 protected:
  SocketActivationTest() { prefix_.add_zoo("good-1.0", "good"); }

  void listen_on(std::uint16_t port) {
    prefix_.configure({{"edge", {{"listen", json::array({{{"address", "127.0.0.1"}, {"port", port}}})}}}});
  }
  static ChildSettings with(std::vector<int> sockets) {
    return {.is_without_privileges = false, .largest_file_bytes = {}, .tmpfs = {}, .sockets = std::move(sockets)};
  }
  [[nodiscard]] bool has_in_environment(pid_t pid, const std::string& name) const {
    return testing::read_file("/proc/" + std::to_string(pid) + "/environ").find(name) != std::string::npos;
  }
};

TEST_F(SocketActivationTest, WhoWaitsSinceBeforeTheStartIsServedAlsoAfterAnUpgrade) {
  const auto web = listen_locally();
  listen_on(web.port);
  auto early = Client(web.port);
  start(with({web.socket.get()}));
  EXPECT_EQ(host_->port(), web.port);
  EXPECT_EQ(early.get("/good").body, "1.0.0");
  const auto pid = upgrade();
  EXPECT_EQ(host_->get("/good").body, "1.0.0");
  EXPECT_FALSE(has_in_environment(pid, "LISTEN_"));
}

TEST_F(SocketActivationTest, SocketThatNoAddressNamesIsRefusedByName) {
  const auto web = listen_locally();
  const auto stray = listen_locally();
  listen_on(web.port);
  Host host(prefix_, with({web.socket.get(), stray.socket.get()}));
  EXPECT_EQ(host.wait(), 1);
  EXPECT_THAT(host.wait_for_log("cannot start")["reason"].get<std::string>(),
              AllOf(HasSubstr("'web-1' (127.0.0.1:" + std::to_string(stray.port) + ")"), HasSubstr("edge.listen"),
                    HasSubstr(prefix_.config_file().string())));
}

TEST_F(SocketActivationTest, DescriptorThatIsNoSuchSocketIsRefusedByName) {
  const base::Descriptor datagrams(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Host host(prefix_, with({datagrams.get()}));
  EXPECT_EQ(host.wait(), 1);
  EXPECT_THAT(host.wait_for_log("cannot start")["reason"].get<std::string>(), HasSubstr("('web-0') does not listen"));
}

TEST_F(SocketActivationTest, ServiceManagerHearsWhoServesAndWhen) {
  const auto path = (prefix_.path() / "notify").string();
  const base::Descriptor manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  const auto hear = [&] {
    std::string text(256, '\0');
    const auto size = ::recv(manager.get(), text.data(), text.size(), 0);
    return text.substr(0, size < 0 ? 0 : static_cast<std::size_t>(size));
  };
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  start();
  ::unsetenv("NOTIFY_SOCKET");
  const auto first = std::to_string(host_->pid());
  EXPECT_EQ(hear(), "READY=1\nMAINPID=" + first);
  const auto next = std::to_string(upgrade());
  const auto one = hear();
  const auto other = hear();
  const auto ready = "READY=1\nMAINPID=" + next;
  EXPECT_EQ(one == ready ? other : one, "MAINPID=" + next) << "by the first, which the manager trusts";
  EXPECT_EQ(one == ready ? one : other, ready);
  EXPECT_EQ(host_->wait(), 0);
  ASSERT_EQ(::kill(hosts_.back(), SIGTERM), 0);
  EXPECT_EQ(hear(), "STOPPING=1");
  EXPECT_EQ(wait_for_end(hosts_.back()), 0);
  hosts_.clear();
}

}  // namespace
}  // namespace mortise::integration
