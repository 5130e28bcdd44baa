// The commands that ask the running host, against a control server whose host is made up.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "control_commands_fixture.hpp"

namespace mortise::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

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
                                                                     {"events", "dead"},
                                                                     {"events", "replay", "rates", "--all"},
                                                                     {"events", "discard", "rates", "--all"},
                                                                     {"tasks", "rates"},
                                                                     {"tasks", "rates", "replay"},
                                                                     {"tasks", "rates", "discard", "4"},
                                                                     {"upgrade-host"},
                                                                     {"advise"}}) {
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

TEST_F(ControlCommands, DeadEventsAreShownAndReplayed) {
  start();
  EXPECT_EQ(run({"events", "dead"}), 0);
  EXPECT_EQ(out_.str(), "no event is dead\n");
  events_.dead_.events.push_back({.subscriber = "notes",
                                  .publisher = "orders",
                                  .topic = "orders.placed/1",
                                  .key = "17",
                                  .number = 5,
                                  .attempts = 8,
                                  .tried_ms = 1'700'000'000'000,
                                  .error = "unavailable: no"});
  EXPECT_EQ(run({"events", "dead", "notes"}), 0);
  EXPECT_EQ(events_.asked_, "notes");
  EXPECT_EQ(out_.str(),
            "PLUGIN  ID        TOPIC            KEY  ATTEMPTS  TIME                  ERROR\n"
            "notes   orders:5  orders.placed/1  17   8         2023-11-14T22:13:20Z  unavailable: no\n");
  events_.dead_.left_out.push_back({.subscriber = "notes", .publisher = "orders", .count = 7});
  EXPECT_EQ(run({"events", "dead", "notes"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("and 7 more of 'orders' that 'notes' has failed with\n"));
  EXPECT_EQ(run({"events", "dead", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["events"][0]["id"], "orders:5");
  EXPECT_EQ(run({"events", "replay", "notes", "orders:5"}), 0);
  EXPECT_THAT(events_.asked_, StartsWith("notes, orders, 5, "));
  EXPECT_EQ(out_.str(), "1 event comes to 'notes' again\n");
  events_.replayed_ = 2;
  EXPECT_EQ(run({"events", "replay", "notes", "--all"}), 0);
  EXPECT_EQ(out_.str(), "2 events come to 'notes' again\n");
  EXPECT_EQ(run({"events", "replay", "notes"}), 2);
  EXPECT_EQ(run({"events", "replay", "notes", "orders:5", "--all"}), 2);
  EXPECT_EQ(run({"events"}), 2);
}

TEST_F(ControlCommands, EventsAreDiscarded) {
  start();
  EXPECT_EQ(run({"events", "discard", "notes", "orders:5"}), 0);
  EXPECT_THAT(events_.asked_, StartsWith("no more: notes, orders, 5, "));
  EXPECT_EQ(out_.str(), "1 event comes to 'notes' no more\n");
  events_.discarded_ = 2;
  EXPECT_EQ(run({"events", "discard", "notes", "--all"}), 0);
  EXPECT_EQ(out_.str(), "2 events come to 'notes' no more\n");
  EXPECT_EQ(run({"events", "discard", "notes", "--all", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["discarded"], 2);
  EXPECT_EQ(run({"events", "discard", "notes"}), 2);
  EXPECT_EQ(run({"events", "discard", "notes", "orders:5", "--all"}), 2);
}

TEST_F(ControlCommands, ATaskIsDiscarded) {
  start();
  EXPECT_EQ(run({"tasks", "notes", "discard", "17"}), 0);
  EXPECT_THAT(tasks_.asked_, StartsWith("no more: notes, 17, "));
  EXPECT_EQ(out_.str(), "task 17 of 'notes' runs no more\n");
  EXPECT_EQ(run({"tasks", "notes", "discard"}), 2);
  tasks_.is_discarded_ = false;
  EXPECT_EQ(run({"tasks", "notes", "discard", "17"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("has no task of that id"));
}

TEST_F(ControlCommands, DurableTasksAreShownAndReplayed) {
  start();
  EXPECT_EQ(run({"tasks", "notes"}), 0);
  EXPECT_EQ(out_.str(), "no durable tasks\n");
  tasks_.tasks_ = admin::some_tasks();
  tasks_.tasks_.handlers.push_back({.handler = "report", .waiting = 2, .next_ms = 1'700'000'000'000});
  EXPECT_EQ(run({"tasks", "notes"}), 0);
  EXPECT_EQ(tasks_.asked_, "notes");
  EXPECT_EQ(out_.str(),
            "HANDLER    RUNNING  WAITING  FAILING  DEAD  NEXT\n"
            "send-mail  1        7        0        1     2023-11-14T22:13:20Z\n"
            "report     0        2        0        0     waits for a version that handles it\n"
            "\n"
            "ID  HANDLER    NAME     STATE  ATTEMPTS  TIME                  NEXT  ERROR\n"
            "17  send-mail  order-4  dead   10        2023-11-14T22:13:20Z        unavailable: no\n");
  EXPECT_EQ(run({"tasks", "notes", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["tasks"][0]["id"], 17);
  EXPECT_EQ(run({"tasks", "notes", "replay", "17"}), 0);
  EXPECT_THAT(tasks_.asked_, StartsWith("notes, 17, "));
  EXPECT_EQ(out_.str(), "1 task of 'notes' runs again\n");
  tasks_.replayed_ = 2;
  EXPECT_EQ(run({"tasks", "notes", "replay"}), 0);
  EXPECT_THAT(tasks_.asked_, StartsWith("notes, all, "));
  EXPECT_EQ(out_.str(), "2 tasks of 'notes' run again\n");
  EXPECT_EQ(run({"tasks", "notes", "replay", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["replayed"], 2);
  EXPECT_EQ(run({"tasks", "notes", "replay", "0"}), 2);
  EXPECT_EQ(run({"tasks"}), 2);
}

TEST_F(ControlCommands, StatusOfAPluginTellsWhatItHears) {
  control_.status_ = release::Status{};
  control_.status_->plugins.emplace_back();
  control_.status_->plugins[0].name = "notes";
  events_.subscriptions_.push_back({.topic = "orders.placed/1", .publisher = "orders", .delivered = 8, .dead = 3});
  events_.subscriptions_.push_back({.topic = "orders.seen/1", .publisher = {}});
  start();
  EXPECT_EQ(run({"status", "notes"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("hears       orders.placed/1 of orders\n    8 delivered, 3 dead\n"
                                    "hears       orders.seen/1\n    nothing yet\n"));
  EXPECT_EQ(run({"status", "notes", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["subscriptions"][0]["delivered"], 8);
}

TEST_F(ControlCommands, StatusOfAPluginTellsOfItsTasks) {
  control_.status_ = release::Status{};
  control_.status_->plugins.emplace_back();
  control_.status_->plugins[0].name = "notes";
  tasks_.counts_ = {{.name = {}, .waiting = 2, .ran = 9}, {.name = "sweep", .running = 1, .ran = 7, .failed = 3}};
  tasks_.tasks_ = admin::some_tasks();
  start();
  EXPECT_EQ(run({"status", "notes"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("task        (without a name)\n    2 waiting, 9 ran\n"
                                    "task        sweep\n    1 running, 7 ran, 3 failed\n"
                                    "durable     send-mail\n    7 waiting, 1 running, 1 dead\n"));
  EXPECT_EQ(run({"status", "notes", "--json"}), 0);
  EXPECT_EQ(nlohmann::json::parse(out_.str())["tasks"][1]["failed"], 3);
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
