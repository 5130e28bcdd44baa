// How a host ends: with the requests inside finished, within its grace, and at once when told twice.
#include <Poco/Net/NetException.h>
#include <signal.h>

#include "support/gate.hpp"
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;

class SignalsTest : public HostTest {
 protected:
  SignalsTest() : gate_(prefix_) { prefix_.add_zoo("waits-1.0", "waits"); }

  Gate gate_;
};

TEST_F(SignalsTest, TermClosesIdleConnectionsAndFinishesRequestsInside) {
  auto& host = start();
  auto idle = host.connect();
  EXPECT_EQ(idle.get("/livez").status, 200);
  Pending inside(host, "/waits");
  gate_.wait_until_inside();
  host.signal(SIGTERM);
  idle.wait_until_closed();
  gate_.open();
  EXPECT_EQ(inside.answer().body, "1.0.0");
  EXPECT_EQ(host.wait(), 0);
  const auto stopped = host.wait_for_log("stopped");
  EXPECT_EQ(stopped["requests_cut"], "0");
  EXPECT_EQ(stopped["generations_left"], "0");
}

TEST_F(SignalsTest, InterruptIsACleanStopToo) {
  auto& host = start();
  host.signal(SIGINT);
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.wait_for_log("stopping")["signal"], "SIGINT");
}

TEST_F(SignalsTest, RequestsThatOverstayTheGraceAreCut) {
  prefix_.configure({{"edge", {{"shutdown_grace_ms", 100}}}, {"stop_timeout_ms", 100}});
  auto& host = start();
  Pending inside(host, "/waits");
  gate_.wait_until_inside();
  host.signal(SIGTERM);
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.wait_for_log("stopped")["requests_cut"], "1");
  EXPECT_THROW(inside.answer(), Poco::Exception);
}

TEST_F(SignalsTest, SecondSignalEndsItAtOnce) {
  auto& host = start();
  Pending inside(host, "/waits");
  gate_.wait_until_inside();
  host.signal(SIGTERM);
  host.wait_for_log("stopping");
  host.signal(SIGTERM);
  EXPECT_EQ(host.wait(), -SIGTERM);
  EXPECT_THROW(inside.answer(), Poco::Exception);
}

TEST_F(SignalsTest, InitThatHangsDoesNotKeepItFromEnding) {
  prefix_.configure({{"init_timeout_ms", 3600000}});
  auto& host = start();
  prefix_.add_zoo("init-hangs");
  host.wait_for_log("applying a release", [](const auto& line) { return line["release"] == "2"; });
  host.signal(SIGTERM);
  EXPECT_EQ(host.wait(), 0);
  EXPECT_EQ(host.wait_for_log("stopping as soon as a plugin's init returns or its time is up")["plugin"], "init-hangs");
  EXPECT_THROW(host.wait_for_log("plugin failed to start"), std::exception) << "it is not to blame";
}

TEST_F(SignalsTest, InitThatHangsAtTheStartDoesNotEither) {
  prefix_.configure({{"init_timeout_ms", 3600000}});
  prefix_.add_zoo("init-hangs");
  host_.emplace(prefix_);
  host_->wait_for_log("control socket is open");
  host_->signal(SIGTERM);
  EXPECT_EQ(host_->wait(), 0);
  EXPECT_THROW(host_->wait_for_log("ready"), std::exception);
}

TEST_F(SignalsTest, HangupLooksForChangesThatNoWatchSees) {
  // The watch is on the folder that the link led to when the host started.
  const auto other = prefix_.path() / "other.d";
  fs::create_directory(other);
  testing::write_file(other / "hello.json", "{}");
  const auto link = prefix_.path() / "link.d";
  fs::create_directory_symlink(prefix_.plugins_directory(), link);
  prefix_.configure({{"plugins_directory", link.string()}});
  prefix_.drop(shipped_file("hello"));
  auto& host = start();
  fs::remove(link);
  fs::create_directory_symlink(other, link);
  host.signal(SIGHUP);
  host.wait_for_state("hello", "active");
  EXPECT_EQ(host.get("/hello").status, 200);
}

}  // namespace
}  // namespace mortise::integration
