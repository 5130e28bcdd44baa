// A host whose successor does not come up, or that ends in the middle of an upgrade: one host serves, or none and
// nothing in the way of the next.
#include <Poco/Net/NetException.h>
#include <filesystem>

#include "support/connection_load.hpp"
#include "support/upgrade_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

/// Every test in here has a plugin at whose gate a new host can be held in the middle of its start.
class UpgradeFailureTest : public UpgradeTest {
 protected:
  UpgradeFailureTest() {
    prefix_.add_zoo("good-1.0", "good");
    prefix_.add_zoo("init-waits");
  }

  /// Begins an upgrade and waits until the new host is in the middle of its start.
  void begin_and_hold(Gate& gate) {
    host_->signal(SIGUSR2);
    gate.wait_until_inside();
  }
  [[nodiscard]] pid_t next_host() const {
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(host_->process()) + "/task")) {
      const auto children = testing::read_file(task.path() / "children");
      if (!children.empty()) return std::stoi(children);
    }
    throw std::runtime_error("the host has no child");
  }
  std::string failure() const { return host_->wait_for_log("the upgrade failed; this host serves on")["reason"]; }
  /// All that a host that was never disturbed does.
  void expect_undisturbed() {
    EXPECT_FALSE(host_->has_ended());
    EXPECT_EQ(host_->get("/good").body, "1.0.0");
    EXPECT_EQ(host_->status()["pid"], host_->pid());
    EXPECT_THAT(testing::read_file(prefix_.state_directory() / "host.lock"),
                StartsWith(std::to_string(host_->pid()) + "\n"));
    EXPECT_EQ(mortise({"apply"}).code, 0);
    prefix_.drop(zoo_file("good-1.1"));
    host_->wait_for_version("good", "1.1.0");
  }
};

TEST_F(UpgradeFailureTest, ExecutablesThatAreNoHostAreNamed) {
  prefix_.install_executable(built_executable());
  start();
  const auto executable = prefix_.path() / "bin/mortise";
  prefix_.install_executable("/bin/false");
  EXPECT_THAT(why_not(), AllOf(HasSubstr("'" + executable.string() + "' exited with code 1 before it was ready"),
                               HasSubstr("the host serves on as before")));
  testing::write_file(prefix_.path() / "text", "no program");
  prefix_.install_executable(prefix_.path() / "text");
  EXPECT_THAT(why_not(), HasSubstr("cannot start '" + executable.string() + "'"));
  fs::remove(executable);
  EXPECT_THAT(why_not(), AllOf(HasSubstr("No such file or directory"), HasSubstr("install a host there")));
  prefix_.install_executable(built_executable());
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, FaultyConfigurationIsQuoted) {
  auto& host = start();
  ConnectionLoad load(host.port(), "/good", {.keeping = 2, .fresh = 2});
  const auto config = testing::read_file(prefix_.config_file());
  testing::write_file(prefix_.config_file(), R"({"egde": {}})");
  host.signal(SIGUSR2);  // a command would look at the configuration itself
  EXPECT_THAT(failure(), AllOf(HasSubstr(prefix_.config_file().string()), HasSubstr("did you mean 'edge'?")));
  testing::write_file(prefix_.config_file(), config);
  EXPECT_THAT(load.end().failures, IsEmpty());
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, AddressThatCannotBeHadIsNamed) {
  prefix_.configure({{"edge", {{"listen", nlohmann::json::array({{{"port", 0}}})}}}});
  start();
  const auto before = testing::read_file(prefix_.config_file());
  prefix_.configure(
      {{"edge", {{"listen", nlohmann::json::array({{{"port", 0}}, {{"address", "192.0.2.1"}, {"port", 4711}}})}}}});
  EXPECT_THAT(why_not(), HasSubstr("cannot listen on 192.0.2.1:4711"));
  testing::write_file(prefix_.config_file(), before);
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, PluginThatRunsHereMustRunThere) {
  start();
  const auto plugins = prefix_.plugins_directory();
  prefix_.configure({{"plugins_directory", (prefix_.path() / "elsewhere").string()}});
  EXPECT_THAT(why_not(),
              AllOf(HasSubstr("plugin 'good' runs here and not in the new host"), HasSubstr("mortise plan")));
  prefix_.configure({{"plugins_directory", plugins.string()}});
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, NewHostThatIsKilledInTheMiddleLeavesTheFormerOne) {
  start();
  Gate gate(prefix_, "init-waits");
  ConnectionLoad load(host_->port(), "/good", {.keeping = 2, .fresh = 2});
  begin_and_hold(gate);
  ASSERT_EQ(::kill(next_host(), SIGKILL), 0);
  EXPECT_THAT(failure(), HasSubstr("was killed by SIGKILL before it was ready"));
  load.wait_for_more(100);
  EXPECT_THAT(load.end().failures, IsEmpty());
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, NewHostThatIsNotReadyInTimeIsEnded) {
  prefix_.configure({{"upgrade_timeout_ms", 1500}});
  start();
  const Gate gate(prefix_, "init-waits");
  EXPECT_THAT(why_not(), AllOf(HasSubstr("was not ready within 1500 ms"), HasSubstr("upgrade_timeout_ms")));
  expect_undisturbed();
}

TEST_F(UpgradeFailureTest, MeanwhileNothingChangesAndNoOtherUpgradeBegins) {
  start();
  Gate gate(prefix_, "init-waits");
  begin_and_hold(gate);
  EXPECT_THAT(why_not(), HasSubstr("an upgrade of the host is under way"));
  const auto applied = mortise({"apply"});
  EXPECT_EQ(applied.code, 1);
  EXPECT_THAT(applied.err, HasSubstr("the host is being replaced by another one"));
  EXPECT_EQ(mortise({"status"}).code, 0);
  EXPECT_EQ(mortise({"history"}).code, 0);
  prefix_.drop(zoo_file("good-1.1"));
  gate.open();
  follow(std::stoi(host_->wait_for_log("replaced by a new host")["pid"].get<std::string>()));
  host_->wait_for_version("good", "1.1.0");
  EXPECT_EQ(host_->get("/good").body, "1.1.0");
}

TEST_F(UpgradeFailureTest, AStopInTheMiddleEndsBothAndLeavesRoomForTheNext) {
  start();
  Gate gate(prefix_, "init-waits");
  begin_and_hold(gate);
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_THAT(failure(), HasSubstr("the host is stopping"));
  fs::remove(prefix_.data_directory("init-waits") / "gate");
  EXPECT_EQ(start().get("/good").body, "1.0.0");
}

TEST_F(UpgradeFailureTest, AStopRightAfterTheSignalEndsWhoeverServes) {
  start();
  host_->signal(SIGUSR2);
  host_->signal(SIGTERM);
  EXPECT_EQ(host_->wait(), 0);
  EXPECT_THAT(host_->log_text(), HasSubstr("stopped")) << "complete, since no host is left to write more";
  EXPECT_EQ(start().get("/good").body, "1.0.0");
}

/// By which process of the former host is killed.
class FormerHostKilledTest : public UpgradeFailureTest, public ::testing::WithParamInterface<bool> {};

TEST_P(FormerHostKilledTest, InTheMiddleLeavesTheNewOne) {
  start();
  const auto port = host_->port();
  Gate gate(prefix_, "init-waits");
  begin_and_hold(gate);
  const auto next = next_host();
  ASSERT_EQ(::kill(GetParam() ? host_->pid() : host_->process(), SIGKILL), 0);
  EXPECT_EQ(host_->wait(), -SIGKILL) << "nobody brings it back beside the new one";
  EXPECT_THAT(mortise({"serve"}).err, HasSubstr("another host")) << "the lock is the new one's already";
  // Who connects while nobody accepts waits in the backlog.
  Pending waiting(*host_, "/good");
  gate.open();
  EXPECT_EQ(waiting.answer().body, "1.0.0");
  host_->wait_for_status_of(next);
  EXPECT_EQ(host_->port(), port);
  EXPECT_EQ(mortise({"apply"}).code, 0);
  EXPECT_EQ(::kill(next, SIGTERM), 0);
  EXPECT_EQ(wait_for_end(next), 0);
}

INSTANTIATE_TEST_SUITE_P(Each, FormerHostKilledTest, ::testing::Bool(),
                         [](const auto& is_supervisor) { return is_supervisor.param ? "Supervisor" : "HostProcess"; });

TEST_F(UpgradeFailureTest, NewHostProcessThatIsKilledInTheMiddleIsNotBroughtBack) {
  start();
  Gate gate(prefix_, "init-waits");
  begin_and_hold(gate);
  const auto next = std::to_string(next_host());
  const auto process = testing::read_file("/proc/" + next + "/task/" + next + "/children");
  ASSERT_EQ(::kill(std::stoi(process), SIGKILL), 0);
  EXPECT_THAT(failure(), HasSubstr("its host process was killed by SIGKILL before it was ready"));
  expect_undisturbed();
}

}  // namespace
}  // namespace mortise::integration
