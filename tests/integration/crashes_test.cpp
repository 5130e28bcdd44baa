// Who is to blame for the host's crash, and goes back for it.
#include <signal.h>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CrashesTest : public HostTest {
 protected:
  /// moody 1.0.0, and then 1.1.0, with these keys in its file; a request brings the host down then, if it is asked to.
  void upgrade_moody(const std::string& state, const nlohmann::json& config = nlohmann::json::object()) {
    prefix_.drop(zoo_file("moody-1.0"));
    prefix_.write_plugin("moody", config.dump());
    start();
    prefix_.drop(zoo_file("moody-1.1"));
    wait_for("moody", "1.1.0", state);
  }
  nlohmann::json wait_for(const std::string& plugin, const std::string& version, const std::string& state) {
    return host_->wait_for_plugin(
        plugin, [&](const nlohmann::json& status) { return status["version"] == version && status["state"] == state; });
  }
  std::string reason_of_failure(const std::string& plugin, const std::string& version) {
    return wait_for(plugin, version, "failed")["reason"].get<std::string>();
  }
  /// Asks until the host process is gone, and waits for the next one.
  void crash(const std::string& target) {
    auto client = host_->connect();
    constexpr int kEnough = 1000;  // of requests to a canary that has half of them
    const auto ask = [&] {
      for (int i = 0; i < kEnough; ++i) static_cast<void>(client.get(target));
    };
    const auto former = host_->process();
    EXPECT_ANY_THROW(ask());
    host_->wait_for_restart(former);
    host_->wait_for_text("the host crashed when it ran last");
  }
};

TEST_F(CrashesTest, AVersionThatCrashesTheHostIsRolledBackBeforeTheNextStart) {
  upgrade_moody("active");
  crash("/moody?crash");
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"),
              AllOf(HasSubstr("it crashed the host: SIGSEGV at 0x8, in request "), HasSubstr("mortise pardon moody")));
  EXPECT_EQ(host_->get("/moody?crash").status, 200U);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(wait_for("moody", "1.0.0", "active")["generation"], 1);
}

TEST_F(CrashesTest, ACanaryThatCrashesTheHostIsMarkedAndNotTriedAgain) {
  upgrade_moody("canary", {{"canary", {{"percent", 50}, {"for", "1h"}}}});
  crash("/moody?crash");
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"),
              AllOf(HasSubstr("'moody' 1.1.0 did not pass as a canary: it crashed the host: SIGSEGV at 0x8"),
                    HasSubstr("release 2 was not switched to"), HasSubstr("mortise pardon moody")));
  wait_for("moody", "1.0.0", "active");
  EXPECT_EQ(host_->get("/moody?crash").status, 200U);
  EXPECT_THAT(mortise({"history"}).out, AllOf(HasSubstr("failed"), HasSubstr("did not pass as a canary")));
}

TEST_F(CrashesTest, WhatNeverReplacedAnotherIsQuarantinedUntilThePardon) {
  prefix_.configure({{"on_crash", "quarantine"}});
  prefix_.add_zoo("moody-1.1", "moody");
  prefix_.add_zoo("good-1.0", "good");
  start();
  crash("/moody?crash");
  const auto reason = wait_for("moody", "1.1.0", "quarantined")["reason"].get<std::string>();
  EXPECT_THAT(reason, AllOf(HasSubstr("'moody' 1.1.0 crashed the host: SIGSEGV at 0x8, in request "),
                            HasSubstr(" (/moody), at 20"), HasSubstr("mortise pardon moody")));
  EXPECT_EQ(host_->get("/moody").status, 404);
  EXPECT_EQ(host_->get("/good").status, 200);
  EXPECT_THAT(mortise({"status"}).out, HasSubstr("quarantined"));
  EXPECT_THAT(mortise({"status", "moody"}).out, HasSubstr("crashes     1, the last at 20"));
  const auto crashes = host_->ask("GET", "/v1/status")["plugins"][1]["crashes"];
  EXPECT_EQ(crashes["count"], 1);
  EXPECT_EQ(crashes["signal"], "SIGSEGV");
  EXPECT_EQ(crashes["route"], "/moody");

  EXPECT_EQ(host_->stop(), 0);
  start();
  wait_for("moody", "1.1.0", "quarantined");
  EXPECT_EQ(mortise({"pardon", "moody"}).code, 0);
  wait_for("moody", "1.1.0", "active");
  EXPECT_EQ(host_->get("/moody").status, 200);
}

TEST_F(CrashesTest, TheSupervisorsLogHasTheBacktraceWithBuildIds) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash("/moody?crash");
  const auto ended = host_->wait_for_log("the host process has ended unexpectedly");
  EXPECT_EQ(ended["plugin"], "moody");
  EXPECT_EQ(ended["generation"], "1");
  EXPECT_EQ(ended["route"], "/moody");
  EXPECT_EQ(ended["address"], "0x8");
  const auto image = wait_for("moody", "1.1.0", "active")["sha256"].get<std::string>();
  EXPECT_THAT(
      host_->wait_for_log("backtrace", [](const auto& line) { return line["frame"] == "0"; })["at"].get<std::string>(),
      AllOf(HasSubstr("/store/" + image), HasSubstr(".so+0x"), HasSubstr(" build-id "), HasSubstr(" (moody)")));
}

TEST_F(CrashesTest, OnCrashRestartsItUntilItIsTheThirdTime) {
  prefix_.drop(zoo_file("moody-1.1"));
  prefix_.write_plugin("moody", R"({"on_crash": "restart"})");
  start();
  for (int i = 0; i < 2; ++i) {
    crash("/moody?crash");
    EXPECT_EQ(host_->get("/moody").status, 200);
  }
  crash("/moody?crash");
  EXPECT_THAT(wait_for("moody", "1.1.0", "quarantined")["reason"].get<std::string>(),
              HasSubstr("3 times in five minutes"));
}

TEST_F(CrashesTest, AnotherVersionEndsTheQuarantine) {
  prefix_.add_zoo("moody-1.0", "moody");
  prefix_.add_zoo("moody-1.1", "moody");
  prefix_.write_plugin("moody", R"({"version": "1.1.0", "on_crash": "quarantine"})");
  start();
  crash("/moody?crash");
  wait_for("moody", "1.1.0", "quarantined");
  prefix_.write_plugin("moody", R"({"version": "1.0.0"})");
  wait_for("moody", "1.0.0", "active");
}

TEST_F(CrashesTest, APluginThatCrashesInItsInitKeepsNobodyElseFromServing) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_zoo("init-crashes");
  start();
  EXPECT_THAT(wait_for("init-crashes", "1.0.0", "quarantined")["reason"].get<std::string>(),
              HasSubstr(", and it cannot be isolated: "));
  EXPECT_EQ(host_->get("/good").status, 200);
}

TEST_F(CrashesTest, AKillSpeaksAgainstNobody) {
  upgrade_moody("active");
  const auto killed = host_->process();
  ASSERT_EQ(::kill(killed, SIGKILL), 0);
  host_->wait_for_restart(killed);
  EXPECT_EQ(wait_for("moody", "1.1.0", "active")["reason"], "on trial with release 2");
}

/// By what ends the process beside a fault: all of it is seen, and counts for who does it.
class DeathTest : public CrashesTest, public ::testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(DeathTest, CountsForThePlugin) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash(std::string("/moody?") + GetParam().first);
  EXPECT_THAT(wait_for("moody", "1.1.0", "active")["reason"].get<std::string>(),
              HasSubstr(std::string("isolated, because it crashed the host: ") + GetParam().second));
}

INSTANTIATE_TEST_SUITE_P(Ways, DeathTest,
                         ::testing::Values(std::pair("exit", "exit, in request "),
                                           std::pair("overflow", "SIGSEGV at ")),
                         [](const auto& way) { return std::string(way.param.first); });

/// By how its provider ends the process: in its own code, in the C library, or where there is no code at all.
class ProviderCrashTest : public CrashesTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(ProviderCrashTest, IsTheProvidersAndNotItsCallers) {
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("shop", "shop");
  start();
  EXPECT_EQ(host_->get("/shop").status, 200U);
  prefix_.drop(zoo_file(std::string("currency-1.3-") + GetParam()));
  host_->wait_for_version("currency", "1.3.0");
  crash("/shop");
  EXPECT_THAT(reason_of_failure("currency", "1.3.0"),
              AllOf(HasSubstr("it crashed the host: SIG"), HasSubstr(" to 'shop' (/shop); release 2 was rolled back")));
  wait_for("currency", "1.0.0", "active");
  EXPECT_EQ(host_->get("/shop").status, 200U);
}

INSTANTIATE_TEST_SUITE_P(Ways, ProviderCrashTest, ::testing::Values("writes", "aborts", "jumps"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
}  // namespace mortise::integration
