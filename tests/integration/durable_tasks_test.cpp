// Durable tasks, wherever the plugin runs, over all that ends it.
#include <Poco/Exception.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DurableTasksTest : public PlacedTest {
 protected:
  DurableTasksTest() {
    prefix_.configure(
        {{"tasks", {{"attempts", 3}, {"retry_pause_ms", 10}, {"max_retry_pause_ms", 50}}}, {"stop_timeout_ms", 2000}});
    prefix_.drop(zoo_file("jobs-1.0"));
    prefix_.write_plugin("jobs", json{{"placement", GetParam()}}.dump());
  }
  void start() {
    PlacedTest::start();
    port_ = host_->port();
  }
  /// Whether it was answered so. Any thread.
  bool submit(const std::string& query) const {
    try {
      return Client(port_).send("POST", "/jobs?" + query).status == 200;
    } catch (const Poco::Exception&) {
      return false;  // the connection was lost
    }
  }
  /// As soon as it has done so many.
  json done(int count) const { return json::parse(host_->get("/jobs?count=" + std::to_string(count)).body); }
  void upgrade() {
    prefix_.drop(zoo_file("jobs-1.1"));
    host_->wait_for_version("jobs", "1.1.0");
  }
  /// The line of one handler.
  json tasks_of(const std::string& handler) {
    const auto all = json::parse(mortise({"tasks", "jobs", "--json"}).out);
    for (const auto& one : all["handlers"]) {
      if (one["handler"] == handler) return one;
    }
    return all;
  }

  std::atomic<std::uint16_t> port_{0};  // a value on its own
};

TEST_P(DurableTasksTest, RunWhatIsCommittedAndNothingElse) {
  start();
  EXPECT_TRUE(submit("way=back&from=1&count=5"));
  EXPECT_TRUE(submit("from=6&count=100"));
  EXPECT_TRUE(submit("way=alone&from=106&count=10&handler=count"));
  const auto all = done(110);
  EXPECT_EQ(all["count"], 110);
  EXPECT_EQ(all["twice"], 0);
  EXPECT_EQ(all["asked"], 100);
}

TEST_P(DurableTasksTest, TheLatestOfANameRunsUnlessItIsWithdrawn) {
  start();
  EXPECT_TRUE(submit("from=1&name=a&ms=3600000"));
  EXPECT_TRUE(submit("from=2&name=a&ms=3600000"));
  EXPECT_TRUE(submit("from=3&name=b&ms=3600000"));
  EXPECT_EQ(tasks_of("note")["waiting"], 2);
  EXPECT_TRUE(submit("from=4&name=a"));
  EXPECT_EQ(done(1)["last"]["number"], 4);
  EXPECT_EQ(host_->connect().send("DELETE", "/jobs?name=b").body, "withdrawn");
  EXPECT_EQ(host_->connect().send("DELETE", "/jobs?name=b").body, "too late");
  EXPECT_EQ(tasks_of("note")["waiting"], 0);
}

TEST_P(DurableTasksTest, WaitOverARestart) {
  start();
  EXPECT_TRUE(submit("from=1&ms=3600000"));
  EXPECT_TRUE(submit("from=2&ms=500"));
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(done(1)["last"]["number"], 2);
  EXPECT_EQ(tasks_of("note")["waiting"], 1);
}

TEST_P(DurableTasksTest, WhatCannotBeDoneIsGivenUpAndAVersionThatCanDoesIt) {
  start();
  EXPECT_TRUE(submit("from=1&text=fail&name=one"));
  EXPECT_TRUE(submit("from=2&text=fail&handler=count"));
  EXPECT_TRUE(submit("from=3&count=50"));
  EXPECT_EQ(done(50)["count"], 50);
  for (const auto* handler : {"note", "count"}) {
    const auto line = host_->wait_for_log("a task was given up", [&](const json& of) { return of["task"] == handler; });
    EXPECT_EQ(line["plugin"], "jobs");
    EXPECT_EQ(line["attempts"], "3");
    EXPECT_THAT(line["reason"].get<std::string>(), HasSubstr("cannot do that job"));
  }
  EXPECT_THAT(mortise({"tasks", "jobs"}).out,
              AllOf(HasSubstr("dead"), HasSubstr("one"), HasSubstr("cannot do that job")));
  const auto tried = json::parse(mortise({"tasks", "jobs", "--json"}).out)["tasks"];
  ASSERT_EQ(tried.size(), 2U) << tried;
  EXPECT_EQ(tried[0]["state"], "dead");
  EXPECT_TRUE(submit("from=60&text=fail"));
  const auto is_new = [&](const json& line) {
    return std::stoll(line["id"].get<std::string>()) > tried[1]["id"].get<long long>();
  };
  const auto given_up = host_->wait_for_log("a task was given up", is_new)["id"].get<std::string>();
  EXPECT_EQ(mortise({"tasks", "jobs", "discard", given_up}).out, "task " + given_up + " of 'jobs' runs no more\n");
  EXPECT_EQ(mortise({"tasks", "jobs", "discard", given_up}).code, 1);
  upgrade();
  EXPECT_EQ(mortise({"tasks", "jobs", "replay", std::to_string(tried[0]["id"].get<int>())}).out,
            "1 task of 'jobs' runs again\n");
  EXPECT_EQ(done(51)["last"]["number"], tried[0]["handler"] == "note" ? 1 : 2);
  EXPECT_EQ(mortise({"tasks", "jobs", "replay"}).out, "1 task of 'jobs' runs again\n");
  EXPECT_EQ(done(52)["last"]["version"], "1.1.0");
  EXPECT_EQ(mortise({"tasks", "jobs", "replay", "1"}).code, 1);
}

TEST_P(DurableTasksTest, WhatNoVersionHandlesWaitsForOneThatDoes) {
  start();
  EXPECT_TRUE(submit("from=1&handler=later"));
  EXPECT_TRUE(submit("from=2"));
  EXPECT_EQ(done(1)["last"]["number"], 2);
  const auto waits = tasks_of("later");
  EXPECT_EQ(waits["handled"], false) << waits;
  EXPECT_EQ(waits["waiting"], 1) << waits;
  EXPECT_THAT(mortise({"tasks", "jobs"}).out, HasSubstr("waits for a version that handles it"));
  upgrade();
  EXPECT_EQ(done(2)["last"]["number"], 1);
}

TEST_P(DurableTasksTest, UpgradesLoseNothingAndRepeatNothing) {
  start();
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int number = i; !is_over; number += 6) {
        EXPECT_TRUE(submit("text=slow&from=" + std::to_string(number)));
        EXPECT_TRUE(submit("handler=count&text=slow&from=" + std::to_string(number + 3)));
      }
    });
  }
  done(50);
  upgrade();
  done(150);
  is_over = true;
  for (auto& thread : threads) thread.join();
  const auto asked = done(0)["asked"].get<int>();
  const auto all = done(asked);
  EXPECT_EQ(all["count"], asked);
  EXPECT_EQ(all["twice"], 0);
}

TEST_P(DurableTasksTest, AVersionThatHangsIsGivenUpAndTheNextOneGoesOn) {
  start();
  EXPECT_TRUE(submit("handler=hang&from=1"));
  host_->wait_for_log("a task hangs");
  EXPECT_EQ(tasks_of("hang")["running"], 1);
  EXPECT_TRUE(submit("from=2"));
  EXPECT_EQ(done(1)["last"]["number"], 2);
  upgrade();
  const auto all = done(2);
  EXPECT_EQ(all["last"]["number"], 1);
  EXPECT_EQ(all["last"]["attempt"], 2);
}

TEST_P(DurableTasksTest, AKilledHostLosesNothingAndRepeatsNoTransaction) {
  start();
  std::atomic<bool> is_over{false};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int number = i; !is_over; number += 3) {
        if (submit("from=" + std::to_string(number))) ++answered;
      }
    });
  }
  for (int i = 0; i < 10; ++i) {
    done(i * 10);
    host_->signal(SIGKILL);  // the supervisor, which takes the host process along
    host_->wait();
    start();
  }
  is_over = true;
  for (auto& thread : threads) thread.join();
  const auto asked = done(0)["asked"].get<int>();
  EXPECT_GE(asked, answered.load()) << "what was answered is there";
  const auto all = done(asked);
  EXPECT_EQ(all["count"], asked);
  EXPECT_EQ(all["twice"], 0);
}

MORTISE_BOTH_PLACEMENTS(DurableTasksTest);

class DurableTasksOfSeveralWorkers : public DurableTasksTest {};

TEST_P(DurableTasksOfSeveralWorkers, RunOnce) {
  prefix_.write_plugin("jobs", json{{"placement", GetParam()}, {"workers", 2}}.dump());
  start();
  EXPECT_TRUE(submit("count=300"));
  const auto all = done(300);
  EXPECT_EQ(all["count"], 300);
  EXPECT_EQ(all["twice"], 0);
}

INSTANTIATE_TEST_SUITE_P(Placed, DurableTasksOfSeveralWorkers, ::testing::Values("isolated"), placement_name);

}  // namespace
}  // namespace mortise::integration
