// Work that no request waits for, wherever the plugin runs.
#include <algorithm>
#include <string>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class TasksTest : public PlacedTest {
 protected:
  TasksTest() {
    prefix_.drop(zoo_file("works-1.0"));
    prefix_.write_plugin("works", json{{"placement", GetParam()}}.dump());
  }
  [[nodiscard]] Answer post(const std::string& target) const { return host_->connect().send("POST", target); }
  /// As soon as so many have run.
  [[nodiscard]] json told(int done, int ticks = 0) const {
    return json::parse(host_->get("/works?done=" + std::to_string(done) + "&ticks=" + std::to_string(ticks)).body);
  }
};

TEST_P(TasksTest, RunOnceLaterAndAgain) {
  start();
  EXPECT_EQ(told(1, 3)["done"], json({"started"}));
  EXPECT_EQ(post("/works?text=soon").status, 204);
  EXPECT_EQ(told(2)["done"], json({"started", "soon"}));
  EXPECT_EQ(post("/works?ms=50&text=later").status, 204);
  EXPECT_EQ(told(3)["done"], json({"started", "soon", "later"}));
}

TEST_P(TasksTest, WhatIsCancelledDoesNotRun) {
  start();
  EXPECT_EQ(post("/works?ms=3600000&text=never").status, 204);
  EXPECT_EQ(post("/works/cancel").body, "cancelled");
  EXPECT_EQ(post("/works/cancel").body, "too late");
}

TEST_P(TasksTest, OneThatFailsIsToldOfAndStopsNothing) {
  start();
  EXPECT_EQ(post("/works?text=fail").status, 204);
  const auto line = host_->wait_for_log("a task failed");
  EXPECT_EQ(line["plugin"], "works");
  EXPECT_THAT(line["reason"].get<std::string>(), HasSubstr("does not want to work"));
  EXPECT_EQ(post("/works?text=next").status, 204);
  EXPECT_EQ(told(2)["done"], json({"started", "next"}));
}

TEST_P(TasksTest, StatusTellsHowManyThereAreAndWhatHasComeOfThem) {
  start();
  EXPECT_EQ(post("/works?ms=3600000&text=never").status, 204);
  EXPECT_EQ(post("/works?text=fail").status, 204);
  host_->wait_for_log("a task failed");
  EXPECT_EQ(told(1, 3)["done"], json({"started"}));
  const auto tasks = json::parse(mortise({"status", "works", "--json"}).out)["tasks"];
  ASSERT_EQ(tasks.size(), 3U) << tasks;
  EXPECT_EQ(tasks[0]["name"], "");
  EXPECT_EQ(tasks[0]["waiting"], 1);
  EXPECT_EQ(tasks[1]["name"], "new year");
  EXPECT_EQ(tasks[1]["ran"], 0);
  EXPECT_EQ(tasks[2]["name"], "tick");
  EXPECT_GE(tasks[2]["ran"], 2) << "the last one that was told of may be about to return";
  EXPECT_EQ(tasks[2]["failed"], 0);
  EXPECT_THAT(mortise({"status", "works"}).out, AllOf(HasSubstr("task        (without a name)\n    1 waiting, "),
                                                      HasSubstr("task        new year\n    1 waiting\n")));
}

TEST_P(TasksTest, RefuseWhatIsNoTime) {
  start();
  EXPECT_THAT(post("/works/again?name=a&times=99+*+*+*+*").body,
              AllOf(HasSubstr("task 'a'"), HasSubstr("minute '99'")));
  EXPECT_THAT(post("/works/again?name=a&times=0+0+*+*+*&zone=Nowhere").body, HasSubstr("no time zone 'Nowhere'"));
  EXPECT_THAT(post("/works/again?name=new%20year&times=0+0+*+*+*").body, HasSubstr("is there already"));
  EXPECT_EQ(post("/works/again?name=a&times=0+0+*+*+*").status, 204);
}

TEST_P(TasksTest, EndWithTheirInstanceAndBeginWithTheNext) {
  start();
  EXPECT_EQ(told(1, 1)["version"], "1.0.0");
  EXPECT_EQ(post("/works?ms=3600000&text=never").status, 204);
  prefix_.drop(zoo_file("works-1.1"));
  host_->wait_for_version("works", "1.1.0");
  const auto next = told(1, 3);
  EXPECT_EQ(next["version"], "1.1.0");
  EXPECT_EQ(next["done"], json({"started"}));
  host_->wait_for_log("tasks that were not due yet end with their instance");
}

MORTISE_BOTH_PLACEMENTS(TasksTest);

class CrashingTask : public TasksTest {};

TEST_P(CrashingTask, EndsItsWorkerAndTheNextOneHasItsTasksAnew) {
  start();
  EXPECT_EQ(told(1)["version"], "1.0.0");
  // The task may end the process before this is answered.
  EXPECT_THAT(post("/works?text=crash").status, ::testing::AnyOf(204, 503));
  host_->wait_for_log("worker started anew");
  EXPECT_EQ(told(1, 3)["done"], json({"started"}));
}

INSTANTIATE_TEST_SUITE_P(Placed, CrashingTask, ::testing::Values("isolated"), placement_name);

class TasksOfSeveralWorkers : public HostTest {};

TEST_F(TasksOfSeveralWorkers, WhatHasANameRunsInOneOfThem) {
  prefix_.drop(zoo_file("works-1.0"));
  prefix_.write_plugin("works", json{{"placement", "isolated"}, {"workers", 2}}.dump());
  start();
  // Requests take turns: of two one after the other each worker has one.
  const auto ticks = [this] { return json::parse(host_->get("/works?done=1").body)["ticks"].get<int>(); };
  int most = 0;
  int least = 0;
  while (most < 5) {
    const auto one = ticks();
    const auto other = ticks();
    most = std::max(one, other);
    least = std::min(one, other);
  }
  EXPECT_EQ(least, 0);
}

}  // namespace
}  // namespace mortise::integration
