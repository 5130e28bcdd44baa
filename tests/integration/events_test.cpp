// Events from one plugin to another, wherever the two run.
#include <string>
#include <thread>
#include <vector>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EventsTest : public PlacedTest {
 protected:
  void enable(const std::string& file, const std::string& plugin, const json& settings = json::object()) {
    prefix_.drop(zoo_file(file));
    auto placed = settings;
    placed["placement"] = GetParam();
    prefix_.write_plugin(plugin, placed.dump());
  }
  void start_both(const json& hears = json::object()) {
    enable("says-1.0", "says");
    enable("hears-1.0", "hears", hears);
    start();
  }
  void say(int count, const std::string& text = "", const std::string& key = "") const {
    const auto answer =
        host_->connect().send("POST", "/says?count=" + std::to_string(count) + "&text=" + text + "&key=" + key, "", {});
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  /// As soon as it has heard so many.
  [[nodiscard]] json heard(int count) const {
    return json::parse(host_->get("/hears?count=" + std::to_string(count)).body);
  }
};

TEST_P(EventsTest, ComeToTheSubscriberInTheirOrder) {
  start_both();
  say(1, "first", "a+key");
  auto told = heard(1);
  EXPECT_EQ(told["number"], 1);
  EXPECT_EQ(told["text"], "first");
  EXPECT_EQ(told["key"], "a key");
  EXPECT_EQ(told["publisher"], "says");
  EXPECT_EQ(told["attempt"], 1);
  EXPECT_GT(told["published_ms"].get<std::int64_t>(), 1'700'000'000'000);
  say(5000, "more");
  told = heard(5001);
  EXPECT_EQ(told["count"], 5001);
  EXPECT_EQ(told["number"], 5001);
  EXPECT_EQ(told["in_order"], true);
}

TEST_P(EventsTest, NobodyNeedListen) {
  enable("says-1.0", "says");
  start();
  say(3);
  enable("hears-1.0", "hears");
  host_->wait_for_version("hears", "1.0.0");
  say(1, "now");
  const auto told = heard(1);
  EXPECT_EQ(told["count"], 1) << "what was said before is not told";
  EXPECT_EQ(told["number"], 4);
}

TEST_P(EventsTest, WhatASubscriberFailsWithIsItsOwn) {
  start_both();
  say(1, "fail");
  say(2, "well");
  EXPECT_EQ(heard(2)["text"], "well");
  const auto line = host_->wait_for_log("a subscriber failed");
  EXPECT_EQ(line["plugin"], "hears");
  EXPECT_EQ(line["topic"], "zoo.said/1");
  EXPECT_THAT(line["reason"].get<std::string>(), HasSubstr("does not want to hear it"));
}

TEST_P(EventsTest, ANewVersionHearsWhatTheFormerOneHasNot) {
  start_both();
  say(20, "wait");
  prefix_.drop(zoo_file("hears-1.1"));
  host_->wait_for_version("hears", "1.1.0");
  say(1, "last");
  const auto told = heard(21);
  EXPECT_EQ(told["count"], 21) << "none is lost, and none comes twice";
  EXPECT_EQ(told["text"], "last");
  EXPECT_EQ(told["version"], "1.1.0");
}

TEST_P(EventsTest, TwoFormsOfAnEventDoNotRunTogether) {
  start_both();
  prefix_.drop(zoo_file("says-2.0-other"));
  const auto refused =
      host_->wait_for_plugin("says", [](const json& status) { return status["reason"] != ""; })["reason"];
  EXPECT_THAT(refused.get<std::string>(),
              AllOf(HasSubstr("runs on as it was"), HasSubstr("topic zoo.said/1"), HasSubstr("'says' 2.0.0"),
                    HasSubstr("'hears' 1.0.0"), HasSubstr("same header")));
  EXPECT_THAT(mortise({"plan"}).out,
              AllOf(HasSubstr("hears deliver({u64,u64,i64,u32,str,str},{i64,str,str})->void"),
                    HasSubstr("says  deliver({u64,u64,i64,u32,str,str},{i64,str,str,i64})->void")));
  say(1, "still");
  EXPECT_EQ(heard(1)["text"], "still");
}

TEST_P(EventsTest, ManyPublishAtOnceAndNoneIsLost) {
  start_both();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < 50; ++j) say(20);
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(heard(4000)["count"], 4000);
}

MORTISE_BOTH_PLACEMENTS(EventsTest);

class CrashingSubscriber : public EventsTest {};

TEST_P(CrashingSubscriber, LosesTheEventAndHearsTheNext) {
  start_both();
  say(1, "before");
  EXPECT_EQ(heard(1)["count"], 1);
  say(1, "crash");
  host_->wait_for_log("worker started anew");
  say(1, "after");
  EXPECT_EQ(heard(1)["text"], "after");
}

INSTANTIATE_TEST_SUITE_P(Placed, CrashingSubscriber, ::testing::Values("isolated"), placement_name);

}  // namespace
}  // namespace mortise::integration
