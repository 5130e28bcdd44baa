// A plugin in trouble, as its clients, those of other plugins and the admin see it.
#include <chrono>
#include <deque>
#include <map>

#include "support/gate.hpp"
#include "support/host_test.hpp"
#include "support/load.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class ContainmentTest : public HostTest {
 protected:
  /// A zoo plugin on these terms, beside `hello`.
  Host& start_with(const std::string& file, const std::string& plugin, const json& settings) {
    prefix_.drop(zoo_file(file));
    prefix_.write_plugin(plugin, settings.dump());
    prefix_.add_shipped("hello");
    return start();
  }
  /// What the control API tells of the plugin.
  [[nodiscard]] json status_of(const std::string& plugin) const {
    const auto status = host_->ask("GET", "/v1/status");
    for (const auto& one : status["plugins"]) {
      if (one["name"] == plugin) return one;
    }
    return {};
  }
  /// Waits until that is as it should be.
  json wait_for(const std::string& plugin, const std::function<bool(const json&)>& matches) const {
    const auto limit = std::chrono::steady_clock::now() + kPatience;
    auto status = status_of(plugin);
    while (!matches(status) && std::chrono::steady_clock::now() < limit) status = status_of(plugin);
    EXPECT_TRUE(matches(status)) << status.dump(2);
    return status;
  }
  /// Opens the gate until `matches`.
  json pass_until(Gate& gate, const std::function<bool(const json&)>& matches) const {
    return wait_for("waits", [&](const json& status) {
      gate.let_pass();
      return matches(status);
    });
  }
  json pass_until_nobody_is_late(Gate& gate) const {
    return pass_until(gate, [](const json& status) { return status["containment"]["stuck"] == 0; });
  }
  json wait_for_count(const std::string& plugin, const std::string& key, int count) const {
    return wait_for(plugin, [&](const json& status) { return status["containment"][key] == count; });
  }
};

TEST_F(ContainmentTest, ARouteHasADeadlineOfItsOwnAndItsHandlerKnowsWhenThatIsOver) {
  prefix_.drop(shipped_file("chaos"));
  prefix_.write_plugin("chaos", "{}");
  start();
  EXPECT_EQ(host_->get("/chaos/late").status, 504);
  wait_for("chaos", [](const json& status) { return status["containment"]["stuck"] == 0; });
  EXPECT_EQ(host_->get("/chaos/well").body, "well");
}

TEST_F(ContainmentTest, APluginOfAnOlderAbiHasNoDeadlineOnItsRoutes) {
  prefix_.add_zoo("as-of-1-0");
  EXPECT_EQ(start().get("/as-of-1-0").body, "still");
}

TEST_F(ContainmentTest, AHandlerThatIsLateIsAnsweredForWhileOthersAreServed) {
  Gate gate(prefix_);
  start_with("waits-1.0", "waits", {{"limits", {{"deadline", "300ms"}}}});
  Load others(*host_, "/hello/you");
  const auto answer = host_->get("/waits");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.json()["status"], 504);
  const auto status = status_of("waits");
  EXPECT_EQ(status["degraded"], "1 handler runs on past the deadline");
  EXPECT_EQ(status["containment"]["timeouts"], 1);
  EXPECT_EQ(status["containment"]["stuck"], 1);
  EXPECT_THAT(mortise({"status"}).out, HasSubstr("degraded  1 handler runs on past the deadline"));
  EXPECT_THAT(mortise({"status", "waits"}).out,
              AllOf(HasSubstr("state       degraded"), HasSubstr("requests    1 past their deadline"),
                    HasSubstr("troubles    1 failed, 1 of them timed out")));
  EXPECT_EQ(pass_until_nobody_is_late(gate)["degraded"], "");
  others.wait_for_more(100);
  others.end();
  EXPECT_EQ(others.fault(), "");
}

TEST_F(ContainmentTest, ACrowdFindsTwoPlacesAndOneToWaitWhileOthersAreServed) {
  Gate gate(prefix_);
  start_with("waits-1.0", "waits", {{"limits", {{"concurrency", 2}, {"queue", 1}}}});
  Load others(*host_, "/hello/you");
  std::deque<Pending> crowd;
  for (int i = 0; i < 50; ++i) crowd.emplace_back(*host_, "/waits");
  const auto status = wait_for_count("waits", "rejected", 47);
  EXPECT_EQ(status["containment"]["in_flight"], 2);
  EXPECT_EQ(status["containment"]["waiting"], 1);
  others.wait_for_more(100);
  EXPECT_EQ(pass_until(gate, [](const json& now) { return now["containment"]["in_flight"] == 0; })["degraded"], "");
  std::map<int, int> answers;
  for (auto& one : crowd) {
    const auto answer = one.answer();
    ++answers[answer.status];
    if (answer.status == 503) {
      EXPECT_EQ(answer.header("retry-after"), "1");
    }
  }
  EXPECT_EQ(answers, (std::map<int, int>{{200, 3}, {503, 47}}));
  others.end();
  EXPECT_EQ(others.fault(), "");
}

TEST_F(ContainmentTest, AnOpenCircuitSparesThePluginAndClosesWhenItAnswersAgain) {
  start_with("moody-1.1", "moody",
             {{"circuit", {{"requests", 10}, {"max_error_percent", 50}, {"open_for", "1s"}, {"probes", 2}}}});
  Load others(*host_, "/hello/you");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(host_->get("/moody?fail").status, 500);
  const auto refused = host_->get("/moody");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  host_->wait_for_log("circuit opened: the plugin is not asked for a while");
  EXPECT_THAT(status_of("moody")["degraded"].get<std::string>(), HasSubstr("10 of 10 requests failed"));
  EXPECT_THAT(mortise({"status", "moody"}).out, AllOf(HasSubstr("circuit     open"), HasSubstr("1 short-circuited")));

  const auto limit = std::chrono::steady_clock::now() + kPatience;
  while (status_of("moody")["containment"]["circuit"] != "closed" && std::chrono::steady_clock::now() < limit) {
    static_cast<void>(host_->get("/moody"));
  }
  EXPECT_EQ(host_->get("/moody").status, 200);
  host_->wait_for_log("circuit closed: the plugin answers again");
  EXPECT_EQ(status_of("moody")["containment"]["circuit_opened"], 1);
  EXPECT_EQ(status_of("moody")["degraded"], "");
  others.end();
  EXPECT_EQ(others.fault(), "");
}

TEST_F(ContainmentTest, AChangeOfLimitsTakesEffectWithoutARestart) {
  Gate gate(prefix_);
  start_with("waits-1.0", "waits", json::object());
  const auto generation = status_of("waits")["generation"];
  Pending inside(*host_, "/waits");
  gate.wait_until_inside();
  prefix_.write_plugin("waits", json{{"limits", {{"deadline", "100ms"}}}}.dump());
  // One that comes before the change waits for the gate; those after it do not.
  std::deque<Pending> before;
  while (status_of("waits")["containment"]["timeouts"] == 0) {
    ASSERT_LT(before.size(), 30U) << "no request has come under the new limit";
    before.emplace_back(*host_, "/waits").wait_for(std::chrono::milliseconds(500));
  }
  EXPECT_EQ(host_->get("/waits").status, 504);
  EXPECT_EQ(status_of("waits")["generation"], generation);
  gate.open();
  EXPECT_EQ(inside.answer().status, 200);
  pass_until(gate, [&](const json& now) {
    return now["containment"]["stuck"] == 0 &&
           std::all_of(before.begin(), before.end(), [](const Pending& one) { return one.has_ended(); });
  });
}

TEST_F(ContainmentTest, AFaultInTheLimitsIsToldAndThoseBeforeStayInForce) {
  Gate gate(prefix_);
  start_with("waits-1.0", "waits", {{"limits", {{"deadline", "100ms"}}}});
  prefix_.write_plugin("waits", R"({"limits": {"deadlin": "1h"}})");
  host_->wait_for_plugin("waits", [](const json& status) {
    const auto reason = status["reason"].get<std::string>();
    return reason.find("/limits/deadlin: unknown key 'deadlin'; did you mean 'deadline'?") != std::string::npos;
  });
  EXPECT_EQ(host_->get("/waits").status, 504);
  pass_until_nobody_is_late(gate);
}

}  // namespace
}  // namespace mortise::integration
