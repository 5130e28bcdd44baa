#include "base/service_manager.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/files.hpp"
#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

/// A manager at `path`, of which a leading NUL makes an abstract address, and what it hears first.
std::string hear(const std::string& path, const std::string& variable) {
  const Descriptor manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  EXPECT_EQ(::bind(manager.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ::setenv("NOTIFY_SOCKET", variable.c_str(), 1);
  notify_service_manager("READY=1\nMAINPID=7");
  std::array<char, 64> text{};
  const auto got = ::recv(manager.get(), text.data(), text.size(), MSG_DONTWAIT);
  ::unsetenv("NOTIFY_SOCKET");
  return got < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(got));
}

TEST(ServiceManager, HearsOneMessage) {
  const testing::TemporaryDirectory directory;
  const auto path = (directory / "notify").string();
  EXPECT_EQ(hear(path, path), "READY=1\nMAINPID=7");
}

TEST(ServiceManager, HearsAtAnAbstractAddressToo) {
  const auto name = "mortise-test-" + std::to_string(::getpid());
  EXPECT_EQ(hear(std::string(1, '\0') + name, "@" + name), "READY=1\nMAINPID=7");
}

TEST(ServiceManager, ThatIsNotThereDoesNoHarm) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_service_manager("READY=1");
  ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
  notify_service_manager("READY=1");
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace mortise::base
