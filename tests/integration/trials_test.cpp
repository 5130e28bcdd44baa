// What happens to a version that is switched to and then does not do.
#include <csignal>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TrialsTest : public HostTest {
 protected:
  /// moody 1.0.0, and then 1.1.0, on these terms.
  Host& upgrade(const nlohmann::json& probation = {{"requests", 20}}) {
    prefix_.drop(zoo_file("moody-1.0"));
    prefix_.write_plugin("moody", nlohmann::json{{"probation", probation}}.dump());
    start();
    prefix_.drop(zoo_file("moody-1.1"));
    host_->wait_for_version("moody", "1.1.0");
    return *host_;
  }
  void ask(const std::string& query, int times) {
    auto client = host_->connect();
    for (int i = 0; i < times; ++i) static_cast<void>(client.get("/moody?" + query));
  }
  nlohmann::json wait_for(const std::string& plugin, const std::string& version, const std::string& state) {
    return host_->wait_for_plugin(
        plugin, [&](const nlohmann::json& status) { return status["version"] == version && status["state"] == state; });
  }
  std::string reason_of_failure(const std::string& plugin, const std::string& version) {
    return wait_for(plugin, version, "failed")["reason"].get<std::string>();
  }
};

TEST_F(TrialsTest, AVersionThatFailsTooManyRequestsIsRolledBackAndStaysBackUntilItIsPardoned) {
  upgrade();
  ask("fail", 20);
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"),
              AllOf(HasSubstr("'moody' 1.1.0 did not pass its trial: 20 of 20 requests failed in it; at most 25 % may"),
                    HasSubstr("was rolled back"), HasSubstr("mortise pardon moody")));
  wait_for("moody", "1.0.0", "active");
  EXPECT_EQ(host_->get("/moody?fail").status, 200U);
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("rollback of release 2: 'moody' 1.1.0 did not pass its trial"));

  EXPECT_EQ(mortise({"apply"}).code, 0);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"), HasSubstr("20 of 20 requests failed in it"));
  wait_for("moody", "1.0.0", "active");

  const auto pardoned = mortise({"pardon", "moody"});
  EXPECT_EQ(pardoned.code, 0) << pardoned.err;
  EXPECT_THAT(pardoned.out, HasSubstr("^ moody 1.0.0 -> 1.1.0"));
  wait_for("moody", "1.1.0", "active");
  EXPECT_EQ(mortise({"pardon", "moody"}).code, 1);
}

TEST_F(TrialsTest, TheWayBackDoesNotHangOnTheStateOfAVersionThatDoesNotDo) {
  prefix_.add_zoo("tally-1.0", "tally");
  start();
  EXPECT_EQ(host_->get("/tally").status, 200U);
  prefix_.drop(zoo_file("tally-2.1-fails"));
  host_->wait_for_version("tally", "2.1.0");
  auto client = host_->connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.get("/tally").status, 500U);
  EXPECT_THAT(reason_of_failure("tally", "2.1.0"), HasSubstr("20 of 20 requests failed in it"));
  wait_for("tally", "1.0.0", "active");
  host_->wait_for_log("state is lost on the way back");
  EXPECT_EQ(host_->get("/tally").body, "1.0.0");
}

TEST_F(TrialsTest, ARollbackDoesNotGoBackToWhatDidNotPass) {
  upgrade();
  ask("fail", 20);
  wait_for("moody", "1.0.0", "active");
  const auto refused = mortise({"rollback", "2"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("release 2 has 'moody' 1.1.0, which did not pass its trial; name another release, "
                                     "or run `mortise pardon moody`"));
  EXPECT_EQ(host_->get("/moody?fail").status, 200U);
}

TEST_F(TrialsTest, AnotherVersionEndsTheHold) {
  upgrade();
  ask("fail", 20);
  wait_for("moody", "1.0.0", "active");
  prefix_.drop(zoo_file("moody-1.2"));
  wait_for("moody", "1.2.0", "active");
}

TEST_F(TrialsTest, AVersionThatIsTooSlowIsRolledBack) {
  upgrade({{"requests", 20}, {"max_p95", "10ms"}});
  ask("slow", 20);
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"),
              HasSubstr("20 of 20 requests took longer than 10ms; at most 5 % may"));
  wait_for("moody", "1.0.0", "active");
}

TEST_F(TrialsTest, FewErrorsPass) {
  upgrade({{"requests", 20}, {"for", "2s"}});
  ask("fail", 4);
  ask("", 16);
  host_->wait_for_log("release has passed its trial");
  ask("fail", 40);  // from now on that is the plugin's own affair, and its circuit's
  EXPECT_EQ(host_->get("/moody?fail").status, 503U);
  host_->wait_for_plugin("moody", [](const nlohmann::json& status) {
    return status["version"] == "1.1.0" && status["state"] == "active" && status["reason"] == "";
  });
}

TEST_F(TrialsTest, WithoutProbationNobodyLooks) {
  upgrade({{"for", "0s"}});
  ask("fail", 40);
  EXPECT_EQ(wait_for("moody", "1.1.0", "active")["reason"], "");
}

TEST_F(TrialsTest, WhatCameWithItGoesBackWithItAndComesAgainWithAMendedOne) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_zoo("moody-1.0", "moody");
  start();
  drop_both("good-1.1", "moody-1.1");
  wait_for("moody", "1.1.0", "active");
  wait_for("good", "1.1.0", "active");
  ask("fail", 20);
  wait_for("moody", "1.0.0", "active");
  EXPECT_THAT(wait_for("good", "1.0.0", "active")["reason"].get<std::string>(),
              AllOf(HasSubstr("held: 'moody' 1.1.0 did not pass its trial")));
  prefix_.drop(zoo_file("moody-1.2"));
  wait_for("moody", "1.2.0", "active");
  wait_for("good", "1.1.0", "active");
}

TEST_F(TrialsTest, AProviderIsJudgedByWhatItsCallersCameThrough) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop", "shop");
  start();
  EXPECT_EQ(host_->get("/shop").status, 200U);
  prefix_.drop(zoo_file("currency-1.2-broken"));
  host_->wait_for_version("currency", "1.2.0");
  auto client = host_->connect();
  for (int i = 0; i < 20; ++i) static_cast<void>(client.get("/shop"));
  EXPECT_THAT(reason_of_failure("currency", "1.2.0"), HasSubstr("20 of 20 requests failed in it"));
  wait_for("currency", "1.0.0", "active");
  EXPECT_EQ(host_->get("/shop").status, 200U);
}

TEST_F(TrialsTest, AKillSpeaksAgainstNobodyAndTheTrialGoesOnAfterIt) {
  upgrade();
  host_->signal(SIGKILL);
  host_->wait();
  start();
  EXPECT_EQ(wait_for("moody", "1.1.0", "active")["reason"], "on trial with release 2");
  ask("fail", 20);
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"), HasSubstr("20 of 20 requests failed in it"));
  EXPECT_THAT(mortise({"history"}).out, HasSubstr("rollback of release 2: 'moody' 1.1.0 did not pass its trial"));
}

}  // namespace
}  // namespace mortise::integration
