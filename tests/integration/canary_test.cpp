// A new version that gets a share of the requests before it is switched to.
#include <map>
#include <set>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CanaryTest : public HostTest {
 protected:
  /// `plugin` 1.0.0, and then 1.1.0 as a canary on these terms.
  Host& begin(const std::string& plugin, const nlohmann::json& canary,
              const nlohmann::json& probation = nlohmann::json::object()) {
    prefix_.drop(zoo_file(plugin + "-1.0"));
    prefix_.write_plugin(plugin, nlohmann::json{{"canary", canary}, {"probation", probation}}.dump());
    start();
    prefix_.drop(zoo_file(plugin + "-1.1"));
    host_->wait_for_state(plugin, "canary");
    return *host_;
  }
  /// How many of so many requests got which answer.
  std::map<std::string, int> ask(const std::string& target, int times) {
    auto client = host_->connect();
    std::map<std::string, int> answers;
    for (int i = 0; i < times; ++i) {
      const auto answer = client.get(target);
      ++answers[answer.status == 200 ? answer.body : std::to_string(answer.status)];
    }
    return answers;
  }
  nlohmann::json wait_for(const std::string& plugin, const std::string& version, const std::string& state) {
    return host_->wait_for_plugin(
        plugin, [&](const nlohmann::json& status) { return status["version"] == version && status["state"] == state; });
  }
};

TEST_F(CanaryTest, GetsItsShareAndIsSwitchedToWhenItsTimeIsOver) {
  auto& host = begin("good", {{"percent", 30}, {"for", "8s"}});
  const auto status = host.wait_for_state("good", "canary");
  EXPECT_EQ(status["version"], "1.1.0");
  EXPECT_THAT(status["reason"].get<std::string>(), HasSubstr("release 2 gets 30 % of the requests until 20"));
  auto answers = ask("/good", 400);
  EXPECT_EQ(answers["1.0.0"] + answers["1.1.0"], 400);
  EXPECT_GT(answers["1.0.0"], 200);
  EXPECT_GT(answers["1.1.0"], 40);
  wait_for("good", "1.1.0", "active");
  EXPECT_EQ(ask("/good", 50)["1.1.0"], 50);
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("automatic apply  applied"));
}

TEST_F(CanaryTest, KeepsTogetherWhoHasTheSameKey) {
  auto& host = begin("good", {{"percent", 50}, {"for", "1h"}, {"key", "header:X-User"}});
  auto client = host.connect();
  std::set<std::string> answers;
  for (int user = 0; user < 20; ++user) {
    std::set<std::string> own;
    for (int i = 0; i < 10; ++i) own.insert(client.get("/good", {{"X-User", std::to_string(user)}}).body);
    EXPECT_EQ(own.size(), 1U);
    answers.insert(*own.begin());
  }
  EXPECT_EQ(answers.size(), 2U);
}

TEST_F(CanaryTest, ThatDoesNotDoIsGivenUpAndMarked) {
  begin("moody", {{"percent", 50}, {"for", "1h"}});
  ask("/moody?fail", 200);
  EXPECT_THAT(wait_for("moody", "1.1.0", "failed")["reason"].get<std::string>(),
              AllOf(HasSubstr("'moody' 1.1.0 did not pass as a canary: "), HasSubstr("was not switched to"),
                    HasSubstr("mortise pardon moody")));
  EXPECT_EQ(ask("/moody?fail", 50)["1.0.0"], 50);
  EXPECT_THAT(mortise({"history"}).out, AllOf(HasSubstr("failed"), HasSubstr("did not pass as a canary")));
  EXPECT_EQ(host_->stop(), 0);
  start();
  wait_for("moody", "1.1.0", "failed");
  EXPECT_EQ(ask("/moody?fail", 5)["1.0.0"], 5);
}

TEST_F(CanaryTest, IsSwitchedToAtOnceByAnApply) {
  begin("good", {{"percent", 5}, {"for", "1h"}});
  EXPECT_THAT(mortise({"plan"}).out, HasSubstr("it has 5 % of the requests until 20"));
  const auto applied = mortise({"apply"});
  EXPECT_EQ(applied.code, 0) << applied.err;
  EXPECT_THAT(applied.out, HasSubstr("release 2 applied"));
  EXPECT_EQ(ask("/good", 50)["1.1.0"], 50);
}

TEST_F(CanaryTest, ItsFewErrorsDoNotCountWhenItIsOnTrial) {
  begin("moody", {{"percent", 50}, {"for", "1h"}}, {{"for", "3s"}});
  ask("/moody", 200);
  ask("/moody?fail", 18);  // a tenth of its own, or so, and too few for its circuit to open
  EXPECT_EQ(mortise({"apply"}).code, 0);
  EXPECT_EQ(ask("/moody", 30)["1.1.0"], 30);
  host_->wait_for_log("release has passed its trial");
  host_->wait_for_plugin("moody", [](const nlohmann::json& status) {
    return status["version"] == "1.1.0" && status["state"] == "active" && status["reason"] == "";
  });
}

TEST_F(CanaryTest, IsGivenUpByARollbackAndStaysSo) {
  begin("good", {{"percent", 50}, {"for", "1h"}});
  const auto back = mortise({"rollback"});
  EXPECT_EQ(back.code, 0) << back.err;
  EXPECT_EQ(ask("/good", 50)["1.0.0"], 50);
  host_->signal(SIGHUP);  // a look changes nothing of that
  host_->wait_for_plugin("good", [](const nlohmann::json& status) {
    return status["version"] == "1.0.0" && status["state"] == "active" &&
           status["reason"].get<std::string>().find("held: release 2, a canary, was given up by") == 0;
  });
  EXPECT_THAT(mortise({"apply"}).out, HasSubstr("gets 50 % of the requests until"));
  wait_for("good", "1.1.0", "canary");
}

TEST_F(CanaryTest, IsGivenUpWhenSomethingElseIsAskedFor) {
  auto& host = begin("good", {{"percent", 50}, {"for", "1h"}});
  prefix_.write_plugin("good", R"({"version": "1.0.0"})");
  host.wait_for_log("canary is given up; everything runs on as before");
  EXPECT_EQ(ask("/good", 50)["1.0.0"], 50);
}

TEST_F(CanaryTest, EndsWithTheHostWhichComesBackWithTheOldVersionFirst) {
  begin("good", {{"percent", 50}, {"for", "1h"}});
  host_->signal(SIGKILL);
  host_->wait();
  start();
  wait_for("good", "1.0.0", "active");
  wait_for("good", "1.1.0", "canary");  // and it begins anew
  EXPECT_EQ(host_->stop(), 0);
}

TEST_F(CanaryTest, AProviderIsJudgedByItsShareOfWhatItsCallersCameThrough) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop", "shop");
  prefix_.write_plugin("currency", R"({"canary": {"percent": 50, "for": "1h"}})");
  auto& host = start();
  prefix_.drop(zoo_file("currency-1.2-broken"));
  host.wait_for_state("currency", "canary");
  ask("/shop", 100);
  EXPECT_THAT(wait_for("currency", "1.2.0", "failed")["reason"].get<std::string>(),
              AllOf(HasSubstr("'currency' 1.2.0 did not pass as a canary: "), HasSubstr("requests failed in it")));
  wait_for("currency", "1.0.0", "active");
  EXPECT_EQ(ask("/shop", 30)["42 EUR"], 30);
}

TEST_F(CanaryTest, CallsOfOneRequestStayOnOneRelease) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop", "shop");
  prefix_.write_plugin("currency", R"({"canary": {"percent": 50, "for": "1h"}})");
  auto& host = start();
  EXPECT_EQ(host.get("/shop").status, 200U);
  prefix_.drop(zoo_file("currency-1.2-broken"));
  host.wait_for_state("currency", "canary");
  // The consumer is in both releases; which provider it calls is the request's affair.
  auto answers = ask("/shop", 15);
  EXPECT_EQ(answers.size(), 2U);
  EXPECT_GT(answers["500"], 0);
}

}  // namespace
}  // namespace mortise::integration
