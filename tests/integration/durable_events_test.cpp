// Durable events from one plugin to another, wherever the two run, over all that ends them.
#include <Poco/Exception.h>

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "support/placed_test.hpp"
#include "support/upgrade_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DurableEventsTest : public UpgradeTest, public ::testing::WithParamInterface<const char*> {
 protected:
  DurableEventsTest() {
    prefix_.place(GetParam());
    prefix_.configure({{"events", {{"attempts", 3}, {"retry_pause_ms", 10}, {"max_retry_pause_ms", 50}}}});
  }
  void enable(const std::string& file, const std::string& plugin) {
    prefix_.drop(zoo_file(file));
    prefix_.write_plugin(plugin, json{{"placement", GetParam()}}.dump());
  }
  void start_both() {
    enable("tells-1.0", "tells");
    enable("notes-1.0", "notes");
    start();
  }
  void start() {
    HostTest::start();
    port_ = host_->port();
  }
  /// Whether it was told so. Any thread.
  bool tell(const std::string& query) const {
    try {
      return Client(port_).send("POST", "/tells?" + query).status == 200;
    } catch (const Poco::Exception&) {
      return false;  // the connection was lost
    }
  }
  /// Of rows, each of which was committed with an event.
  [[nodiscard]] int told() const { return std::stoi(host_->get("/tells").body); }
  /// As soon as it has noted so many.
  json noted(int count) const { return json::parse(host_->get("/notes?count=" + std::to_string(count)).body); }
  void expect_all_noted() const {
    const auto count = told();
    const auto all = noted(count);
    EXPECT_EQ(all["count"], count) << all;
    EXPECT_EQ(all["twice"], 0) << all;
    EXPECT_EQ(all["out_of_order"], 0) << all;
  }

  std::atomic<std::uint16_t> port_{0};  // a value on its own
};

TEST_P(DurableEventsTest, AreHeardInTheOrderOfTheirKeys) {
  start_both();
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(tell("key=" + std::to_string(i) + "&count=100"));
  expect_all_noted();
}

TEST_P(DurableEventsTest, WhatIsRolledBackIsToldNobody) {
  start_both();
  EXPECT_TRUE(tell("count=5&way=back"));
  EXPECT_TRUE(tell("from=6"));
  EXPECT_EQ(noted(1)["last"]["number"], 6);
  EXPECT_EQ(told(), 1);
  EXPECT_EQ(noted(1)["count"], 1);
}

TEST_P(DurableEventsTest, NeedNoTransaction) {
  start_both();
  EXPECT_TRUE(tell("count=20&way=alone&key=a"));
  const auto all = noted(20);
  EXPECT_EQ(all["count"], 20);
  EXPECT_EQ(all["out_of_order"], 0);
  EXPECT_EQ(told(), 0);
}

TEST_P(DurableEventsTest, ThoseThatAFullDiskHasNoRoomForAreToldNobodyAndTheNextOnesAre) {
  start_both();
  EXPECT_TRUE(tell("count=3&key=a"));
  expect_all_noted();
  host_->fill_disk(prefix_.state_directory() / "sql/tells.sqlite-wal");
  for (const auto* way : {"with", "alone"}) {
    const auto full = host_->connect().send("POST", std::string("/tells?from=4&key=a&way=") + way);
    EXPECT_EQ(full.status, 503);
    EXPECT_THAT(full.body, HasSubstr("the disk is full: the database 'tells.sqlite'"));
  }
  EXPECT_EQ(told(), 3);
  host_->make_room();
  EXPECT_TRUE(tell("from=4&count=2&key=a"));
  expect_all_noted();
}

TEST_P(DurableEventsTest, WaitForASubscriberThatIsAbsent) {
  start_both();
  EXPECT_TRUE(tell("count=10&key=a"));
  EXPECT_EQ(noted(10)["count"], 10);
  prefix_.disable("notes");
  host_->wait_until_gone("notes");
  EXPECT_TRUE(tell("from=11&count=2000&key=a"));
  EXPECT_EQ(host_->stop(), 0);
  start();
  prefix_.write_plugin("notes", json{{"placement", GetParam()}}.dump());
  host_->wait_for_version("notes", "1.0.0");
  expect_all_noted();
}

TEST_P(DurableEventsTest, ASubscriptionBeginsWhenThePluginComes) {
  enable("tells-1.0", "tells");
  start();
  EXPECT_TRUE(tell("count=3"));
  enable("notes-1.0", "notes");
  host_->wait_for_version("notes", "1.0.0");
  EXPECT_TRUE(tell("from=4"));
  const auto all = noted(1);
  EXPECT_EQ(all["count"], 1);
  EXPECT_EQ(all["last"]["number"], 4);
}

TEST_P(DurableEventsTest, OneThatNobodyCanHandleIsGivenUpAndTheOthersFlow) {
  start_both();
  EXPECT_TRUE(tell("key=a&text=fail"));
  EXPECT_TRUE(tell("key=a&from=2&count=50"));
  EXPECT_TRUE(tell("key=b&count=50"));
  EXPECT_EQ(noted(100)["count"], 100);
  const auto line = host_->wait_for_log("an event was given up");
  EXPECT_EQ(line["plugin"], "notes");
  EXPECT_EQ(line["publisher"], "tells");
  EXPECT_EQ(line["attempts"], "3");
  EXPECT_THAT(line["reason"].get<std::string>(), HasSubstr("cannot write that down"));
}

TEST_P(DurableEventsTest, AVersionThatCanHandleItIsGivenItAgain) {
  start_both();
  EXPECT_TRUE(tell("key=a&text=fail"));
  EXPECT_TRUE(tell("key=a&from=2"));
  EXPECT_EQ(noted(1)["last"]["number"], 2);
  const auto dead = json::parse(mortise({"events", "dead", "notes", "--json"}).out)["events"];
  ASSERT_EQ(dead.size(), 1U) << dead;
  EXPECT_EQ(dead[0]["id"], "tells:1");
  EXPECT_EQ(dead[0]["key"], "a");
  EXPECT_EQ(dead[0]["topic"], "zoo.said/1");
  EXPECT_THAT(dead[0]["error"].get<std::string>(), HasSubstr("cannot write that down"));
  EXPECT_THAT(mortise({"status", "notes"}).out,
              AllOf(HasSubstr("hears       zoo.said/1 of tells\n"), HasSubstr("1 dead")));
  prefix_.drop(zoo_file("notes-1.1"));
  host_->wait_for_version("notes", "1.1.0");
  EXPECT_EQ(mortise({"events", "replay", "notes", "tells:1"}).out, "1 event comes to 'notes' again\n");
  const auto last = noted(2)["last"];
  EXPECT_EQ(last["number"], 1);
  EXPECT_EQ(last["version"], "1.1.0");
  EXPECT_EQ(mortise({"events", "replay", "notes", "tells:1"}).code, 1);
}

TEST_P(DurableEventsTest, OneThatNobodyCanHandleIsDiscarded) {
  prefix_.configure({{"events", {{"attempts", 1000}, {"retry_pause_ms", 10}, {"max_retry_pause_ms", 50}}}});
  start_both();
  EXPECT_TRUE(tell("key=a&text=fail"));
  EXPECT_TRUE(tell("key=a&from=2&count=10"));
  const auto line = host_->wait_for_log("a subscriber failed");
  const auto id = line["publisher"].get<std::string>() + ":" + line["id"].get<std::string>();
  EXPECT_EQ(mortise({"events", "discard", "notes", id}).out, "1 event comes to 'notes' no more\n");
  EXPECT_EQ(noted(10)["last"]["number"], 11);
  EXPECT_EQ(host_->wait_for_log("events discarded")["id"], id);
  const auto again = mortise({"events", "discard", "notes", id});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, HasSubstr("has no event of that id"));
  const auto unknown = mortise({"events", "dead", "ntoes"});
  EXPECT_EQ(unknown.code, 1);
  EXPECT_THAT(unknown.err, HasSubstr("plugin 'ntoes' is unknown"));
  EXPECT_EQ(mortise({"events", "discard", "notes", "--all"}).out, "0 events come to 'notes' no more\n");
}

TEST_P(DurableEventsTest, UpgradesOfBothSidesLoseNothing) {
  start_both();
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, key = "&key=" + std::to_string(i)] {
      for (int number = 1; !is_over; number += 2) {
        EXPECT_TRUE(tell("from=" + std::to_string(number) + "&count=2&text=slow" + key));
      }
    });
  }
  noted(50);
  prefix_.drop(zoo_file("notes-1.1"));
  host_->wait_for_version("notes", "1.1.0");
  noted(100);
  prefix_.drop(zoo_file("tells-1.1"));
  host_->wait_for_version("tells", "1.1.0");
  noted(150);
  is_over = true;
  for (auto& thread : threads) thread.join();
  expect_all_noted();
  EXPECT_EQ(noted(0)["last"]["version"], "1.1.0");
}

TEST_P(DurableEventsTest, ANewHostProcessLosesNothingAndRepeatsNothing) {
  start_both();
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, key = "&key=" + std::to_string(i)] {
      for (int number = 1; !is_over; ++number) {
        EXPECT_TRUE(tell("from=" + std::to_string(number) + "&text=" + (number % 5 == 0 ? "flaky" : "slow") + key));
      }
    });
  }
  noted(50);
  upgrade();
  noted(150);
  is_over = true;
  for (auto& thread : threads) thread.join();
  expect_all_noted();
}

// How often the host is killed; a sanitizer takes its time.
constexpr int kRounds = MORTISE_IS_SANITIZED ? 30 : 200;

TEST_P(DurableEventsTest, AKilledHostLosesNothingAndRepeatsNothing) {
  start_both();
  std::atomic<bool> is_over{false};
  std::mutex mutex;
  std::condition_variable changed;
  int answered = 0;  // guarded by mutex
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, key = "&key=" + std::to_string(i)] {
      for (int number = 1; !is_over; ++number) {
        if (!tell("from=" + std::to_string(number) + (number % 5 == 0 ? "&text=flaky" : "") + key)) continue;
        const std::lock_guard lock(mutex);
        ++answered;
        changed.notify_all();
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    {
      std::unique_lock lock(mutex);
      const auto wanted = answered + 1 + i % 10;
      EXPECT_TRUE(changed.wait_for(lock, kPatience, [&] { return answered >= wanted; }));
    }
    host_->signal(SIGKILL);  // the supervisor, which takes the host process along
    host_->wait();
    start();
  }
  is_over = true;
  for (auto& thread : threads) thread.join();
  EXPECT_GE(told(), answered) << "what was answered is there";
  expect_all_noted();
}

MORTISE_BOTH_PLACEMENTS(DurableEventsTest);

class WithoutAProcess : public DurableEventsTest {};

TEST_P(WithoutAProcess, ASubscriberCostsItsEventsNoAttempts) {
  start_both();
  EXPECT_TRUE(tell("key=a&count=10"));
  noted(10);
  // No worker can start without its image.
  std::filesystem::rename(prefix_.state_directory() / "store", prefix_.state_directory() / "away");
  const auto status = host_->ask("GET", "/v1/status");
  for (const auto& plugin : status["plugins"]) {
    if (plugin["name"] != "notes") continue;
    ASSERT_EQ(::kill(plugin["worker"]["pid"].get<pid_t>(), SIGKILL), 0);
  }
  host_->wait_for_log("worker has ended");
  EXPECT_TRUE(tell("key=a&from=11&count=50"));
  EXPECT_TRUE(tell("key=b&count=50"));
  const auto line = host_->wait_for_log("durable events wait for their subscriber");
  EXPECT_EQ(line["subscriber"], "notes");
  EXPECT_EQ(line["publisher"], "tells");
  host_->wait_for_log("a worker that was started anew is not fit");
  std::filesystem::rename(prefix_.state_directory() / "away", prefix_.state_directory() / "store");
  host_->wait_for_log("worker started anew");
  expect_all_noted();
  EXPECT_EQ(noted(110)["last"]["attempt"], 1);
  EXPECT_EQ(mortise({"events", "dead", "notes"}).out, "no event is dead\n");
}

INSTANTIATE_TEST_SUITE_P(Placed, WithoutAProcess, ::testing::Values("isolated"), placement_name);

}  // namespace
}  // namespace mortise::integration
