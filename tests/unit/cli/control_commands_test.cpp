// The commands that ask the running host, against a control server whose host is made up.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "admin/control_server.hpp"
#include "admin/fake_control.hpp"
#include "base/temporary_directory.hpp"
#include "base/user.hpp"
#include "cli/command_line.hpp"

namespace mortise::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ControlCommands : public ::testing::Test {
 protected:
  void SetUp() override { testing::write_file(config_, R"({"state_directory": ".", "plugins_directory": "."})"); }

  void start() {
    server_.emplace(admin::ControlSettings{.socket = socket_}, admin::Controls{.releases = control_, .host = host_},
                    files_);
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    std::vector<const char*> argv{"mortise", "--config", config_.c_str()};
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return run_command_line(static_cast<int>(argv.size()), argv.data(), parts_);
  }

  testing::TemporaryDirectory directory_;
  std::filesystem::path config_ = directory_ / "mortise.json";
  std::filesystem::path socket_ = directory_ / "control.sock";
  base::RealFiles files_;
  admin::FakeControl control_;
  admin::FakeHost host_;
  std::optional<admin::ControlServer> server_;
  std::ostringstream out_;
  std::ostringstream err_;
  Parts parts_{files_, out_, err_, "/bin/false", {}, {}, {}, {}};
};

release::Plan one_step() {
  release::Plan plan;
  plan.steps.emplace_back();
  plan.steps[0].plugin = "rates";
  plan.steps[0].to_version = "1.0.0";
  plan.steps[0].reason = "enabled";
  return plan;
}

TEST_F(ControlCommands, WithoutAHostNameTheSocketAndHowToStartOne) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"plan"},
                                                                     {"apply"},
                                                                     {"rollback"},
                                                                     {"rollback", "4"},
                                                                     {"pardon", "rates"},
                                                                     {"history"},
                                                                     {"status"},
                                                                     {"status", "rates"},
                                                                     {"upgrade-host"}}) {
    EXPECT_EQ(run(arguments), 1);
    EXPECT_EQ(err_.str(), "no host runs: nobody listens at the control socket '" + socket_.string() +
                              "'; start one with `mortise serve --config " + config_.string() + "`\n");
    EXPECT_EQ(out_.str(), "");
  }
}

TEST_F(ControlCommands, PlanPrintsTextOrJson) {
  control_.plan_ = one_step();
  start();
  EXPECT_EQ(run({"plan"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("+ rates 1.0.0: enabled\n1 change (1 start); nothing was changed"));
  EXPECT_EQ(run({"plan", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["steps"][0]["plugin"], "rates");
}

TEST_F(ControlCommands, ApplyRollbackAndPardonAskInTheNameOfTheUser) {
  start();
  EXPECT_EQ(run({"apply"}), 0);
  EXPECT_EQ(run({"rollback"}), 0);
  EXPECT_EQ(run({"rollback", "4"}), 0);
  EXPECT_EQ(run({"pardon", "rates"}), 0);
  const auto user = base::describe_user(::getuid());
  EXPECT_THAT(control_.calls(), ElementsAre("apply by " + user, "rollback to the one before by " + user,
                                            "rollback to 4 by " + user, "pardon of rates by " + user));
}

TEST_F(ControlCommands, AFailedReleaseIsOne) {
  control_.outcome_ = release::Outcome{
      .result = release::Outcome::Result::failed, .release = 7, .plan = one_step(), .reason = "init: no room"};
  start();
  EXPECT_EQ(run({"apply"}), 1);
  EXPECT_EQ(out_.str(), "+ rates 1.0.0: enabled\n");
  EXPECT_EQ(err_.str(), "release 7 failed: init: no room; everything runs on as before\n");
  EXPECT_EQ(run({"rollback", "--json"}), 1);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["reason"], "init: no room");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(ControlCommands, UpgradeHostTellsWhoServesOrWhyNot) {
  start();
  EXPECT_EQ(run({"upgrade-host"}), 0);
  EXPECT_EQ(out_.str(), "a new host serves (pid 4711); the former one finishes what it has\n");
  EXPECT_EQ(host_.asked_by_, base::describe_user(::getuid()));
  host_.outcome_ = admin::UpgradeOutcome{.is_upgraded = false, .pid = 7, .reason = "no room"};
  EXPECT_EQ(run({"upgrade-host"}), 1);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "the upgrade failed: no room; the host serves on as before\n");
  EXPECT_EQ(run({"upgrade-host", "--json"}), 1);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["pid"], 7);
}

TEST_F(ControlCommands, WhatTheHostRefusesIsOneInItsOwnWords) {
  control_.outcome_ = base::Error{base::ErrorCode::not_found, "there never was a release 9"};
  start();
  EXPECT_EQ(run({"rollback", "9"}), 1);
  EXPECT_EQ(err_.str(), "there never was a release 9\n");
}

TEST_F(ControlCommands, HistoryAsksForAsManyAsItIsTold) {
  start();
  EXPECT_EQ(run({"history"}), 0);
  EXPECT_EQ(run({"history", "--limit", "3", "--json"}), 0);
  EXPECT_THAT(control_.calls(), ElementsAre("history of 20", "history of 3"));
  EXPECT_EQ(nlohmann::json::parse(out_.str())["entries"].size(), 0U);
}

TEST_F(ControlCommands, StatusOfAnUnknownPluginNamesTheNearest) {
  release::Status status;
  status.plugins.emplace_back().name = "rates";
  status.plugins[0].state = "active";
  control_.status_ = status;
  start();
  EXPECT_EQ(run({"status", "rates"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("name        rates\nstate       active\n"));
  EXPECT_EQ(run({"status", "rtaes"}), 1);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("knows no plugin 'rtaes'"), HasSubstr("did you mean 'rates'?")));
}

TEST_F(ControlCommands, WrongUsageIsTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"rollback", "0"},
                                                                     {"rollback", "x"},
                                                                     {"rollback", "-1"},
                                                                     {"history", "--limit", "0"},
                                                                     {"history", "--limit", "1001"},
                                                                     {"plan", "notes"}}) {
    EXPECT_EQ(run(arguments), 2) << arguments[0];
  }
}

}  // namespace
}  // namespace mortise::cli
