// What clients of the control socket see.
#include <Poco/Net/NetException.h>
#include <unistd.h>
#include <future>
#include <thread>

#include "admin/control_fixture.hpp"
#include "base/user.hpp"

namespace mortise::admin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ControlServerTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    const auto started = start();
    ASSERT_TRUE(started) << started.error().message;
  }
  /// Asks in a thread of its own; the future throws when the connection ends without a reply.
  std::future<Reply> ask_apply() {
    return std::async(std::launch::async, [path = settings_.socket] { return admin::ask(path, "POST", "/v1/apply"); });
  }
};

TEST_F(ControlServerTest, ServesEveryEndpoint) {
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{{"GET", "/v1/status"},
                                                                                       {"GET", "/v1/plan"},
                                                                                       {"GET", "/v1/history?limit=5"},
                                                                                       {"POST", "/v1/apply"},
                                                                                       {"POST", "/v1/rollback"}}) {
    const auto reply = ask(method, target);
    EXPECT_EQ(reply.status, 200U) << target;
    EXPECT_EQ(reply.type, "application/json") << target;
    EXPECT_TRUE(reply.body.is_object()) << target;
  }
}

TEST_F(ControlServerTest, TellsTheHostWhoAsked) {
  ask("POST", "/v1/rollback", R"({"release": 4})");
  EXPECT_THAT(control_.calls(), ElementsAre("rollback to 4 by " + base::describe_user(::getuid())));
}

TEST_F(ControlServerTest, RefusesInProblemJson) {
  const auto missing = ask("GET", "/v2/plan");
  EXPECT_EQ(missing.status, 404U);
  EXPECT_EQ(missing.type, "application/problem+json");
  const auto method = ask("POST", "/v1/plan");
  EXPECT_EQ(method.status, 405U);
  EXPECT_EQ(method.allow, "GET");
  const auto body = ask("POST", "/v1/apply", "{nonsense");
  EXPECT_EQ(body.status, 400U);
  EXPECT_THAT(body.body["detail"], HasSubstr("no JSON"));
}

TEST_F(ControlServerTest, RefusesABodyThatIsTooLarge) {
  const auto reply = ask("POST", "/v1/apply", "{}" + std::string(65535, ' '));
  EXPECT_EQ(reply.status, 413U);
  EXPECT_THAT(reply.body["detail"], HasSubstr("65536"));
  EXPECT_EQ(ask("POST", "/v1/apply", "{}" + std::string(65534, ' ')).status, 200U);
}

TEST_F(ControlServerTest, OutlivesAClientThatTalksNonsense) {
  Poco::Net::StreamSocket socket;
  socket.connect(Poco::Net::SocketAddress(Poco::Net::AddressFamily::UNIX_LOCAL, settings_.socket.string()));
  const std::string nonsense(20000, 'x');
  socket.sendBytes(nonsense.data(), static_cast<int>(nonsense.size()));
  socket.close();
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
}

TEST_F(ControlServerTest, AnswersOneClientWhileAnotherWaits) {
  control_.hold_calls();
  auto waiting = ask_apply();
  control_.wait_for_calls(1);
  EXPECT_EQ(ask("GET", "/v1/status").status, 200U);
  control_.release_calls();
  EXPECT_EQ(waiting.get().status, 200U);
}

TEST_F(ControlServerTest, WhoObservesIsToldThatItsClientHasGone) {
  control_.hold_calls();
  Poco::Net::StreamSocket socket;
  socket.connect(Poco::Net::SocketAddress(Poco::Net::AddressFamily::UNIX_LOCAL, settings_.socket.string()));
  const std::string request =
      "POST /v1/observe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n{\"for_ms\": 5000}";
  socket.sendBytes(request.data(), static_cast<int>(request.size()));
  control_.wait_for_calls(1);
  socket.close();
  control_.wait_for_calls(2);
  EXPECT_EQ(control_.calls().back(), "nobody waits");
}

TEST_F(ControlServerTest, StopsWhileACallWaits) {
  settings_.stop_grace = std::chrono::milliseconds(0);
  server_.reset();
  ASSERT_TRUE(start());
  control_.hold_calls();
  auto waiting = ask_apply();
  control_.wait_for_calls(1);
  server_->stop();
  EXPECT_THROW(waiting.get(), Poco::Exception) << "its connection has ended";
}

TEST_F(ControlServerTest, AnswersWhoIsAnsweredWithinTheGracePeriod) {
  settings_.stop_grace = std::chrono::minutes(5);
  server_.reset();
  ASSERT_TRUE(start());
  control_.hold_calls();
  auto waiting = ask_apply();
  control_.wait_for_calls(1);
  std::thread stopping([&] { server_->stop(); });
  while (std::filesystem::exists(settings_.socket)) std::this_thread::yield();  // the first that stop() does
  control_.release_calls();
  stopping.join();
  EXPECT_EQ(waiting.get().status, 200U);
}

TEST_F(ControlServerTest, StopRefusesWhoIsInTheBacklog) {
  const auto path = settings_.socket;
  std::filesystem::create_hard_link(path, directory_ / "other.sock");
  server_->stop();
  EXPECT_THROW(admin::ask(directory_ / "other.sock", "GET", "/v1/status"), Poco::Exception);
}

}  // namespace
}  // namespace mortise::admin
