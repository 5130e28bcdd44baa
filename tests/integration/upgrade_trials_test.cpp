// Versions that have not proved themselves yet when the host is replaced.
#include "support/upgrade_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::HasSubstr;

class UpgradeTrialsTest : public UpgradeTest {
 protected:
  /// moody 1.0.0, and then 1.1.0, with these keys in its file.
  void upgrade_moody(const std::string& state, const nlohmann::json& config = nlohmann::json::object()) {
    prefix_.drop(zoo_file("moody-1.0"));
    prefix_.write_plugin("moody", config.dump());
    start();
    prefix_.drop(zoo_file("moody-1.1"));
    wait_for("1.1.0", state);
  }
  /// What the status says of a version of it once that has this state.
  std::string wait_for(const std::string& version, const std::string& state) {
    return host_
        ->wait_for_plugin("moody",
                          [&](const nlohmann::json& status) {
                            return status["version"] == version && status["state"] == state;
                          })["reason"]
        .get<std::string>();
  }
};

TEST_F(UpgradeTrialsTest, ATrialGoesOnInTheNewHost) {
  upgrade_moody("active");
  upgrade();
  EXPECT_EQ(wait_for("1.1.0", "active"), "on trial with release 2");
  auto client = host_->connect();
  for (int i = 0; i < 20; ++i) static_cast<void>(client.get("/moody?fail"));
  EXPECT_THAT(wait_for("1.1.0", "failed"), HasSubstr("20 of 20 requests failed in it"));
  wait_for("1.0.0", "active");
  EXPECT_EQ(host_->get("/moody?fail").status, 200U);
}

TEST_F(UpgradeTrialsTest, ACrashOfTheNewHostIsStillThatOfTheVersionOnTrial) {
  upgrade_moody("active");
  upgrade();
  EXPECT_EQ(wait_for("1.1.0", "active"), "on trial with release 2");
  const auto former = host_->process();
  EXPECT_ANY_THROW(static_cast<void>(host_->get("/moody?crash")));
  host_->wait_for_restart(former);
  EXPECT_THAT(wait_for("1.1.0", "failed"), HasSubstr("it crashed the host: SIGSEGV at 0x8"));
  EXPECT_EQ(host_->get("/moody?crash").status, 200U);
}

TEST_F(UpgradeTrialsTest, ACanaryBeginsAnewInTheNewHost) {
  upgrade_moody("canary", {{"canary", {{"percent", 50}, {"for", "1h"}}}});
  upgrade();
  EXPECT_THAT(wait_for("1.1.0", "canary"), HasSubstr("release 3 gets 50 % of the requests"));
  EXPECT_EQ(wait_for("1.0.0", "active"), "");
}

}  // namespace
}  // namespace mortise::integration
