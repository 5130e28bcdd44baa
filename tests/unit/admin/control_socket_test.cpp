// The socket's file: whose it is, what was there before, and what is there afterwards.
#include <Poco/Net/ServerSocket.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>

#include "admin/control_fixture.hpp"
#include "admin/control_socket.hpp"

namespace mortise::admin {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The process's umask for as long as it lives.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  Umask(const Umask&) = delete;
  Umask& operator=(const Umask&) = delete;
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

class ControlSocket : public ControlFixture {
 protected:
  mode_t mode() {
    const auto stamp = files_.stamp(settings_.socket.string());
    return stamp ? stamp->mode & 07777U : 0;
  }
  void leave_stale_socket() const {
    Poco::Net::ServerSocket dead;
    dead.bind(Poco::Net::SocketAddress(Poco::Net::AddressFamily::UNIX_LOCAL, settings_.socket.string()));
    dead.listen();
  }
};

TEST_F(ControlSocket, HasTheConfiguredModeWhateverTheUmask) {
  for (const mode_t mask : {0000U, 0022U, 0777U}) {
    for (const mode_t wanted : {0600U, 0660U, 0666U}) {
      const Umask umask(mask);
      settings_.mode = wanted;
      ASSERT_TRUE(start());
      EXPECT_EQ(mode(), wanted) << mask;
      server_.reset();
    }
  }
}

TEST_F(ControlSocket, ReplacesTheSocketOfAHostThatDied) {
  leave_stale_socket();
  ASSERT_TRUE(std::filesystem::is_socket(settings_.socket));
  const auto started = start();
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ControlSocket, LeavesAloneWhatAnotherProcessServes) {
  ASSERT_TRUE(start());
  ControlServer second(settings_, controls(), files_);
  const auto refused = second.start();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("another process serves"), HasSubstr("control_socket")));
  second.stop();
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ControlSocket, LeavesAFileOfAnotherKindAlone) {
  testing::write_file(settings_.socket, "dear to me");
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("is no socket"));
  server_.reset();
  EXPECT_EQ(testing::read_file(settings_.socket), "dear to me");
}

TEST_F(ControlSocket, MakesItsFolder) {
  settings_.socket = directory_ / "run/mortise/control.sock";
  ASSERT_TRUE(start());
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ControlSocket, SaysWhereItCannotBeMade) {
  testing::write_file(directory_ / "file", "");
  settings_.socket = directory_ / "file/control.sock";
  const auto refused = start();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("control socket"), HasSubstr((directory_ / "file").string())));
}

TEST_F(ControlSocket, IsGoneAfterAStop) {
  ASSERT_TRUE(start());
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(settings_.socket));
  server_->stop();
}

TEST_F(ControlSocket, CanBeOpenedAgainByTheNextHost) {
  ASSERT_TRUE(start());
  server_.reset();
  ASSERT_TRUE(start());
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ControlSocket, PassesToAnotherServerWithoutAMomentWithoutOne) {
  ASSERT_TRUE(start());
  FakeHost next_host;
  next_host.outcome_ = UpgradeOutcome{.is_upgraded = true, .pid = 2, .reason = {}};
  ControlServer next(settings_, {.releases = control_, .host = next_host, .events = events_, .tasks = tasks_}, files_);
  ASSERT_TRUE(next.start_beside());
  EXPECT_EQ(ask("POST", "/v1/host/upgrade").body["pid"], 4711) << "the former one serves on";
  next.take_place();
  EXPECT_EQ(ask("POST", "/v1/host/upgrade").body["pid"], 2);
  EXPECT_EQ(mode(), settings_.mode);
  server_->stop();
  EXPECT_EQ(ask("POST", "/v1/host/upgrade").body["pid"], 2) << "what is another's stays";
}

TEST(HasHungUp, OnlyWhoHasClosedTheConnectionHas) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  EXPECT_FALSE(has_hung_up(ends[0]));
  ASSERT_EQ(::send(ends[1], "{}", 2, 0), 2);
  ASSERT_EQ(::shutdown(ends[1], SHUT_WR), 0);
  EXPECT_FALSE(has_hung_up(ends[0])) << "it still reads";
  ::close(ends[1]);
  EXPECT_TRUE(has_hung_up(ends[0]));
  ::close(ends[0]);
}

TEST_F(ControlSocket, IsMadeAgainWhenWhoTookItsPlaceHasEnded) {
  ASSERT_TRUE(start());
  server_->restore();
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U) << "nothing was amiss";
  std::filesystem::remove(settings_.socket);
  leave_stale_socket();
  server_->restore();
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
  server_->stop();
  EXPECT_FALSE(std::filesystem::exists(settings_.socket));
}

}  // namespace
}  // namespace mortise::admin
