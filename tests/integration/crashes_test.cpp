// Who is to blame for the host's crash, and goes back for it.
#include <csignal>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

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
    EXPECT_THAT(host_->log_text(), HasSubstr("the host crashed when it ran last"));
  }
  /// As if a process had crashed in a generation of moody's.
  void leave_mark(pid_t pid, const nlohmann::json& moody) {
    testing::write_file(prefix_.state_directory() / ("crash." + std::to_string(pid)),
                        "signal SIGSEGV\naddress 0x8\nplugin moody\ngeneration " +
                            std::to_string(moody["generation"].get<int>()) + "\n");
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

TEST_F(CrashesTest, WhatNeverReplacedAnotherIsToldOfAndServesOn) {
  prefix_.add_zoo("moody-1.1", "moody");
  start();
  crash("/moody?crash");
  EXPECT_EQ(wait_for("moody", "1.1.0", "active")["reason"], "");
}

TEST_F(CrashesTest, OnlyTheProcessThatHadItOnTrialCounts) {
  upgrade_moody("active");
  const auto moody = wait_for("moody", "1.1.0", "active");
  const auto killed = host_->process();
  host_->signal(SIGKILL);
  host_->wait();
  leave_mark(killed + 1, moody);
  start();
  EXPECT_THAT(host_->log_text(), HasSubstr("the host crashed when it ran last"));
  const auto still = wait_for("moody", "1.1.0", "active");
  EXPECT_EQ(still["reason"], "on trial with release 2");
  const auto stopped = host_->process();
  EXPECT_EQ(host_->stop(), 0);

  leave_mark(stopped, still);
  start();
  EXPECT_THAT(reason_of_failure("moody", "1.1.0"), HasSubstr("it crashed the host: SIGSEGV at 0x8"));
  for (const auto& file : std::filesystem::directory_iterator(prefix_.state_directory())) {
    EXPECT_THAT(file.path().filename().string(), Not(HasSubstr("crash.")));
  }
}

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
              AllOf(HasSubstr("it crashed the host: SIG"), HasSubstr(" to 'shop'; release 2 was rolled back")));
  wait_for("currency", "1.0.0", "active");
  EXPECT_EQ(host_->get("/shop").status, 200U);
}

INSTANTIATE_TEST_SUITE_P(Ways, ProviderCrashTest, ::testing::Values("writes", "aborts", "jumps"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
}  // namespace mortise::integration
