// What an admin asks of the running host over its control socket.
#include <unistd.h>
#include <csignal>
#include <future>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ControlTest : public HostTest {
 protected:
  /// A host that serves good 1.0.0 and changes nothing unasked.
  Host& start_manual() {
    prefix_.configure({{"apply", "manual"}});
    prefix_.add_zoo("good-1.0", "good");
    start();
    EXPECT_EQ(mortise({"apply"}).code, 0);
    return *host_;
  }
  json ask(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    return json::parse(mortise(std::move(arguments)).out);
  }
  /// A command that runs beside the test.
  std::future<Finished> begin(std::vector<std::string> arguments) const {
    return std::async(std::launch::async, [=, this] { return mortise(arguments); });
  }
  [[nodiscard]] fs::path socket() const { return prefix_.state_directory() / "control.sock"; }
};

TEST_F(ControlTest, PlanShowsWhatApplyThenDoesAndRollbackUndoes) {
  auto& host = start_manual();
  prefix_.drop(zoo_file("good-1.1"));
  const auto planned = mortise({"plan"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_THAT(planned.out,
              AllOf(StartsWith("^ good 1.0.0 -> 1.1.0: "), HasSubstr("1 change (1 upgrade); nothing was")));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  const auto release = ask({"status"})["release"].get<int>();

  const auto applied = mortise({"apply"});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.out, AllOf(StartsWith("^ good 1.0.0 -> 1.1.0: "),
                                 HasSubstr("release " + std::to_string(release + 1) + " applied\n")));
  EXPECT_EQ(host.get("/good").body, "1.1.0");
  EXPECT_THAT(mortise({"apply"}).out, StartsWith("nothing to do"));

  const auto back = mortise({"rollback", std::to_string(release)});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_THAT(back.out, StartsWith("v good 1.1.0 -> 1.0.0: "));
  EXPECT_EQ(host.get("/good").body, "1.0.0");

  const auto entries = ask({"history", "--limit", "2"})["entries"];
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0]["what"], "apply");
  EXPECT_EQ(entries[1]["what"], "rollback to release " + std::to_string(release));
  EXPECT_THAT(entries[1]["who"].get<std::string>(), HasSubstr("(uid " + std::to_string(::getuid()) + ")"));
  EXPECT_EQ(entries[1]["changes"][0]["kind"], "downgrade");
}

TEST_F(ControlTest, AReleaseThatFailsIsOneAndLeavesWhatRan) {
  auto& host = start_manual();
  prefix_.drop(zoo_file("good-1.2-init-fails"));
  const auto failed = mortise({"apply"});
  EXPECT_EQ(failed.code, 1);
  EXPECT_THAT(failed.out, StartsWith("^ good 1.0.0 -> 1.2.0: "));
  EXPECT_THAT(failed.err, AllOf(HasSubstr("failed: plugin 'good' 1.2.0"), HasSubstr("the zoo's init always fails"),
                                HasSubstr("everything runs on as before")));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_THAT(mortise({"history"}).out, ContainsRegex("apply +failed\n    \\^ good 1.0.0 -> 1.2.0\n    plugin 'good'"));
}

TEST_F(ControlTest, PlanRefusesABrokenContractWithBothForms) {
  prefix_.configure({{"apply", "manual"}});
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop");
  start();
  EXPECT_EQ(mortise({"apply"}).code, 0);
  prefix_.drop(zoo_file("currency-2.0-changed"));
  const auto planned = mortise({"plan"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  EXPECT_THAT(planned.out, AllOf(HasSubstr("! "), HasSubstr("zoo.currency/1"), HasSubstr("; nothing was changed")));
  EXPECT_THAT(planned.out, ContainsRegex("\n +needs convert.*\n +has   convert"));
  EXPECT_EQ(ask({"plan"})["refusals"].size(), 1U);
}

TEST_F(ControlTest, StatusShowsEveryPluginAndOneWithAllThatIsKnown) {
  start_manual();
  EXPECT_THAT(
      mortise({"status"}).out,
      ContainsRegex("^release [0-9]+ runs\nNAME +GENERATION +VERSION +STATE +REASON\ngood +1 +1.0.0 +active\n"));
  EXPECT_THAT(mortise({"status", "good"}).out,
              AllOf(HasSubstr("state       active\n"), HasSubstr("good-1.0.so\n    1.0.0, verified\n"),
                    HasSubstr("    + good 1.0.0\n")));
  const auto unknown = mortise({"status", "goood"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean 'good'?"));
}

TEST_F(ControlTest, OfTwoAppliesAtOnceOneDoesTheWork) {
  auto& host = start_manual();
  prefix_.drop(zoo_file("good-1.1"));
  auto one = begin({"apply"});
  auto other = begin({"apply"});
  EXPECT_EQ(one.get().code, 0);
  EXPECT_EQ(other.get().code, 0);
  EXPECT_EQ(host.get("/good").body, "1.1.0");
  const auto entries = ask({"history"})["entries"];
  EXPECT_EQ(entries.size(), 2U) << "of both versions, and none more: " << entries;
}

TEST_F(ControlTest, AHostThatIsStoppedStillAnswersWhoWaits) {
  prefix_.configure({{"init_timeout_ms", 1000}});
  start_manual();
  prefix_.drop(zoo_file("good-1.3-init-hangs"));
  auto applying = begin({"apply"});
  // The first one was that of the start.
  host_->wait_for_log("applying a release", [](const auto& line) { return line["release"] == "2"; });
  EXPECT_EQ(host_->stop(), 0);
  const auto answer = applying.get();
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.err, HasSubstr("failed: plugin 'good' 1.3.0"));
  EXPECT_FALSE(fs::exists(socket()));
}

TEST_F(ControlTest, WithoutAHostCommandsSaySoAndTheNextHostServesAfterAKill) {
  EXPECT_THAT(mortise({"plan"}).err, HasSubstr("no host runs: nobody listens at the control socket"));
  start_manual();
  host_->signal(SIGKILL);
  host_->wait();
  EXPECT_TRUE(fs::is_socket(socket()));
  const auto asked = mortise({"plan"});
  EXPECT_EQ(asked.code, 1);
  EXPECT_THAT(asked.err, AllOf(HasSubstr("no host runs"), HasSubstr(socket().string()), HasSubstr("mortise serve")));
  start();
  EXPECT_EQ(mortise({"plan"}).code, 0);
}

TEST_F(ControlTest, WhoMayNotIsToldWhoMay) {
  prefix_.configure({{"control_socket_mode", "0000"}});
  start();
  const auto refused =
      integration::mortise(prefix_, {"status"}, {.is_without_privileges = true, .largest_file_bytes = {}, .tmpfs = {}});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("may not use the control socket '" + socket().string()),
                                 HasSubstr("by its mode 0000"), HasSubstr("control_socket_mode")));
}

}  // namespace
}  // namespace mortise::integration
