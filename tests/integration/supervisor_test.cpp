// The process above the host process: what becomes of either when the other ends, and what users see of it.
#include <Poco/Exception.h>
#include <signal.h>

#include "support/connection_load.hpp"
#include "support/gate.hpp"
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class SupervisorTest : public HostTest {
 protected:
  void kill_process() {
    const auto process = host_->process();
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    host_->wait_for_restart(process);
  }
};

TEST_F(SupervisorTest, AHostProcessThatIsKilledUnderLoadAgainAndAgainRefusesNobody) {
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  const auto port = host.port();
  std::size_t answered = 0;
  constexpr std::size_t kThreads = 6;
  for (int i = 0; i < 5; ++i) {
    ConnectionLoad load(port, "/good", {.keeping = kThreads / 2, .fresh = kThreads / 2});
    load.wait_for_more(200);
    kill_process();
    EXPECT_EQ(host.get("/good").body, "1.0.0");
    const auto result = load.end();
    EXPECT_THAT(result.failures, SizeIs(::testing::Le(kThreads))) << "those inside";
    EXPECT_THAT(result.failures, Each(Not(HasSubstr("refused"))));
    answered += result.answered;
  }
  EXPECT_GE(answered, 1000U);
  EXPECT_EQ(host.port(), port);
  EXPECT_THAT(host.wait_for_log("the host process has ended unexpectedly")["reason"].get<std::string>(),
              AllOf(HasSubstr("it was killed by SIGKILL"), HasSubstr("journalctl -k")));
}

TEST_F(SupervisorTest, CrashesOfOnePluginLoseNothingButRequestsInside) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_zoo("moody-1.1", "moody");
  auto& host = start();
  constexpr std::size_t kThreads = 6;
  ConnectionLoad load(host.port(), "/good", {.keeping = kThreads / 2, .fresh = kThreads / 2});
  constexpr std::size_t kCrashes = 10;
  for (std::size_t i = 0; i < kCrashes; ++i) {
    const auto process = host.process();
    EXPECT_ANY_THROW(static_cast<void>(host.get("/moody?crash")));
    host.wait_for_restart(process);
    EXPECT_EQ(mortise({"pardon", "moody"}).code, 0);
  }
  const auto result = load.end();
  EXPECT_GE(result.answered, 1000U);
  EXPECT_THAT(result.failures, SizeIs(::testing::Le(kCrashes * kThreads)));
  EXPECT_THAT(result.failures, Each(AllOf(Not(HasSubstr("refused")), Not(HasSubstr("HTTP/1.1")))));
}

TEST_F(SupervisorTest, WhoConnectsBetweenTwoHostProcessesWaitsForThePlugins) {
  prefix_.add_zoo("init-waits");
  prefix_.add_zoo("good-1.0", "good");
  start();
  Gate gate(prefix_, "init-waits");
  ASSERT_EQ(::kill(host_->process(), SIGKILL), 0);
  gate.wait_until_inside();
  Pending waiting(*host_, "/good");
  EXPECT_FALSE(waiting.has_ended());
  gate.open();
  EXPECT_EQ(waiting.answer().body, "1.0.0");
}

TEST_F(SupervisorTest, ItsEndIsTheHostProcesssTooAndThePortIsFree) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.configure({{"edge", {{"listen", nlohmann::json::array({{{"port", 0}}})}}}});
  start();
  prefix_.configure({{"edge", {{"listen", nlohmann::json::array({{{"port", host_->port()}}})}}}});
  for (int i = 0; i < 5; ++i) {
    host_->signal(SIGKILL);
    EXPECT_EQ(host_->wait(), -SIGKILL);
    EXPECT_EQ(start().get("/good").body, "1.0.0");
  }
}

TEST_F(SupervisorTest, OneStopSignalThatBothGetIsOne) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  const auto process = host.process();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  for (const auto pid : {process, host.pid()}) ASSERT_EQ(::kill(pid, SIGINT), 0);
  host.wait_for_log("stopping");
  gate.open();
  EXPECT_EQ(inside.answer().body, "1.0.0");
  EXPECT_EQ(host.wait(), 0);
}

TEST_F(SupervisorTest, AStopOfTheHostProcessAloneIsMeantForAll) {
  auto& host = start();
  ASSERT_EQ(::kill(host.process(), SIGTERM), 0);
  EXPECT_EQ(host.wait(), 0);
}

TEST_F(SupervisorTest, WhileItStopsNobodyIsKeptWaitingAtThePort) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  auto idle = host.connect();
  EXPECT_EQ(idle.get("/livez").status, 200);
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  host.signal(SIGTERM);
  idle.wait_until_closed();
  EXPECT_THROW(static_cast<void>(host.get("/waits")), Poco::Exception);
  gate.open();
  EXPECT_EQ(inside.answer().body, "1.0.0");
  EXPECT_EQ(host.wait(), 0);
}

TEST_F(SupervisorTest, ASecondHostIsRefusedBetweenTwoHostProcesses) {
  Gate gate(prefix_, "init-waits");
  prefix_.add_zoo("init-waits");
  host_.emplace(prefix_);
  gate.wait_until_inside();
  // Not before it is the supervisor's, too.
  const auto process = std::stoi(testing::read_file("/proc/" + std::to_string(host_->pid()) + "/task/" +
                                                    std::to_string(host_->pid()) + "/children"));
  ASSERT_EQ(::kill(process, SIGKILL), 0);
  host_->wait_for_log("starting the host process again");
  gate.wait_until_inside();  // of the next process's init
  EXPECT_THAT(mortise({"serve"}).err, HasSubstr("another host (pid " + std::to_string(host_->pid()) + ")"));
  gate.open();
  host_->wait_until_ready();
}

}  // namespace
}  // namespace mortise::integration
