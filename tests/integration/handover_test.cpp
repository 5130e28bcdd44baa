// What an upgrade asks of a new version before it is switched to, and what that takes over.
#include <filesystem>

#include "support/host_test.hpp"
#include "support/load.hpp"

namespace mortise::integration {
namespace {

using ::testing::HasSubstr;

class HandoverTest : public HostTest {
 protected:
  static constexpr const char* kFailed = "plugin failed to start";

  std::string failure_of(const std::string& file, const std::string& version) {
    prefix_.drop(zoo_file(file));
    return host_
        ->wait_for_plugin("good",
                          [&](const nlohmann::json& status) {
                            return status["state"] == "failed" && status["version"] == version;
                          })["reason"]
        .get<std::string>();
  }
};

TEST_F(HandoverTest, NoRequestIsLostToTheCountHoweverOftenItIsHandedOver) {
  prefix_.add_zoo("tally-1.0", "tally");
  auto& host = start();
  Load load(host, "/tally");
  for (int i = 0; i < 10; ++i) {
    load.wait_for_more(200);
    const bool is_upgrade = i % 2 == 0;
    if (is_upgrade) {
      prefix_.drop(zoo_file("tally-1.1"));
    } else {
      std::filesystem::remove(prefix_.drop_directory() / "tally-1.1.so");
      ASSERT_EQ(mortise({"apply"}).code, 0);
    }
    host.wait_for_plugin("tally", [&](const nlohmann::json& status) {
      return status["version"] == (is_upgrade ? "1.1.0" : "1.0.0") && status["state"] == "active";
    });
  }
  const auto requests = load.end();
  EXPECT_EQ(load.fault(), "");
  // Every former generation has given its rest.
  host.wait_until_drained(1);
  EXPECT_EQ(host.get("/tally/count").body, std::to_string(requests));
}

TEST_F(HandoverTest, AVersionThatDoesNotKnowTheStateIsNotSwitchedTo) {
  prefix_.add_zoo("tally-1.0", "tally");
  auto& host = start();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(host.get("/tally").body, "1.0.0");
  prefix_.drop(zoo_file("tally-2.0"));
  const auto failed = host.wait_for_state("tally", "failed");
  EXPECT_EQ(failed["version"], "2.0.0");
  EXPECT_THAT(failed["reason"].get<std::string>(),
              HasSubstr("state version 1 of 1.0.0 (generation 1) cannot be taken "
                        "over: import_snapshot failed: state version 1 is unknown"));
  EXPECT_EQ(host.get("/tally/count").body, "5");
  prefix_.drop(zoo_file("tally-1.1"));
  host.wait_for_version("tally", "1.1.0");
  EXPECT_EQ(host.get("/tally/count").body, "5");
}

TEST_F(HandoverTest, WhatIsDisabledBeginsAnew) {
  prefix_.add_zoo("tally-1.0", "tally");
  auto& host = start();
  EXPECT_EQ(host.get("/tally").body, "1.0.0");
  prefix_.disable("tally");
  host.wait_until_gone("tally");
  prefix_.enable("tally");
  host.wait_for_state("tally", "active");
  EXPECT_EQ(host.get("/tally/count").body, "0");
}

TEST_F(HandoverTest, WhatIsNotFitIsNotSwitchedToAndSaysWhy) {
  prefix_.configure({{"init_timeout_ms", 1000}});
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  const auto before = host.wait_for_state("good", "active")["generation"];
  EXPECT_THAT(failure_of("good-1.4-health-fails", "1.4.0"),
              HasSubstr("plugin 'good' 1.4.0: health check failed: the zoo's health check always fails; mend the "
                        "plugin or its config"));
  EXPECT_THAT(failure_of("good-1.5-health-hangs", "1.5.0"), HasSubstr("health check did not return within 1000 ms"));
  EXPECT_THAT(failure_of("good-1.6-health-short", "1.6.0"), HasSubstr("mortise.health/1 has a table of 8 bytes"));
  EXPECT_THAT(failure_of("good-1.7-health-lacks-check", "1.7.0"), HasSubstr("mortise.health/1 has no check"));
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  EXPECT_EQ(host.wait_for_state("good", "active")["generation"], before);
  // None is tried again because another one has come.
  const auto log = host.log_text();
  std::size_t failures = 0;
  for (auto at = log.find(kFailed); at != std::string::npos; at = log.find(kFailed, at + 1)) ++failures;
  EXPECT_EQ(failures, 4U);
}

TEST_F(HandoverTest, AnExportThatFailsKeepsTheOldVersionAndItsBlame) {
  prefix_.add_zoo("good-1.8-state-too-large", "good");
  auto& host = start();
  const auto wanted = failure_of("good-1.9-state-lacks-export", "1.9.0");
  EXPECT_THAT(wanted, HasSubstr("the state of 1.8.0 (generation 1) cannot be taken over: its state is larger than"));
  EXPECT_EQ(host.wait_for_state("good", "active")["version"], "1.8.0");
}

TEST_F(HandoverTest, AnUnfitPluginDoesNotKeepTheHostFromStarting) {
  prefix_.add_zoo("good-1.4-health-fails", "good");
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  EXPECT_THAT(host.wait_for_state("good", "failed")["reason"].get<std::string>(), HasSubstr("health check failed"));
  EXPECT_EQ(host.wait_for_state("waits", "active")["version"], "1.0.0");
}

}  // namespace
}  // namespace mortise::integration
