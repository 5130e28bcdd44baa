#include "cli/status_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "admin/control_json.hpp"

namespace mortise::cli {
namespace {

using nlohmann::ordered_json;

ordered_json some_status() {
  auto file = std::make_shared<catalog::Record>();
  file->path = "/drop/rates.so";
  file->state = catalog::FileState::rejected;
  file->reason = "no ELF";
  release::Status status;
  status.release = 3;
  status.plugins = {
      {.name = "rates", .version = "1.0.0", .generation = 4, .state = "active", .reason = {}, .sha256 = "aa"},
      {.name = "till", .version = {}, .generation = 0, .state = "waiting", .reason = "no file", .sha256 = {}}};
  status.files = {std::move(file)};
  return admin::to_json(status);
}

ordered_json some_history() {
  using Change = release::HistoryEntry::Change;
  const Change rates{.plugin = "rates", .from_version = "", .to_version = "1.0.0", .kind = "start"};
  const Change other{.plugin = "other", .from_version = "", .to_version = "1.0.0", .kind = "start"};
  std::vector<release::HistoryEntry> history(2);
  history[0] = {.release = 1,
                .time = "T1",
                .who = "w",
                .what = "start",
                .result = "applied",
                .reason = {},
                .changes = {other, rates}};
  history[1] = {
      .release = 2, .time = "T2", .who = "w", .what = "apply", .result = "applied", .reason = {}, .changes = {other}};
  return admin::to_json(history);
}

TEST(StatusText, IsTheReleaseAndATableOfPlugins) {
  std::ostringstream out;
  print_status(some_status(), out);
  EXPECT_EQ(out.str(),
            "release 3 runs\n"
            "NAME   GENERATION  VERSION  STATE    REASON\n"
            "rates  4           1.0.0    active\n"
            "till   -           -        waiting  no file\n");
}

TEST(StatusText, TellsOfWhatStaysInMemoryAndWarnsOfTooMuch) {
  release::Status status;
  status.left_mapped = {
      .count = 3,
      .limit = 2,
      .warning = "restart the host",
      .images = {{.plugin = "rates", .version = "1.0.0", .sha256 = "aa", .reason = "is sticky", .count = 3}}};
  std::ostringstream out;
  print_status(admin::to_json(status), out);
  EXPECT_EQ(out.str(),
            "no release runs yet\nNAME  GENERATION  VERSION  STATE  REASON\n"
            "3 images of retired plugins left mapped, limit 2\n"
            "    3 of rates 1.0.0: is sticky\n"
            "warning: restart the host\n");
}

TEST(StatusText, SaysWhenNoReleaseRuns) {
  std::ostringstream out;
  print_status(admin::to_json(release::Status{}), out);
  EXPECT_EQ(out.str(), "no release runs yet\nNAME  GENERATION  VERSION  STATE  REASON\n");
}

TEST(StatusOfOne, IsEverythingAboutIt) {
  const auto picked = pick_plugin("rates", some_status(), some_history());
  EXPECT_EQ(picked["plugins"][0]["generation"], 4);
  EXPECT_EQ(picked["history"].size(), 1U);
  std::ostringstream out;
  print_plugin("rates", picked, out);
  EXPECT_EQ(out.str(),
            "name        rates\n"
            "state       active\n"
            "version     1.0.0\n"
            "generation  4\n"
            "placement   inline\n"
            "memory      0 MiB heap, 0 MiB arena, 0 MiB buffers\n"
            "sha256      aa\n"
            "file        /drop/rates.so\n"
            "    rejected: no ELF\n"
            "\n"
            "RELEASE  TIME  WHO  WHAT   RESULT\n"
            "1        T1    w    start  applied\n"
            "    + rates 1.0.0\n");
}

TEST(StatusOfOne, ShowsWhatRunsAndWhatFailed) {
  auto status = some_status();
  status["plugins"].push_back({{"name", "rates"}, {"version", "1.1.0"}, {"state", "failed"}, {"reason", "no room"}});
  std::ostringstream out;
  print_plugin("rates", pick_plugin("rates", status, some_history()), out);
  EXPECT_NE(out.str().find("state       active\nversion     1.0.0\n"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("state       failed\nversion     1.1.0\ngeneration  -\nreason      no room\n"),
            std::string::npos)
      << out.str();
}

TEST(StatusOfOne, TellsOfTheProcessThatItHasOfItsOwn) {
  auto status = some_status();
  auto& plugin = status["plugins"][0];
  plugin["placement"] = "isolated";
  plugin["worker"] = {{"pid", 4712U}, {"restarts", 2U}, {"trouble", "its process was killed by SIGSEGV"}};
  std::ostringstream out;
  print_plugin("rates", pick_plugin("rates", status, some_history()), out);
  EXPECT_NE(out.str().find("placement   isolated\n"
                           "worker      pid 4712, started anew 2 times; its process was killed by SIGSEGV\n"),
            std::string::npos)
      << out.str();
}

TEST(StatusOfOne, ShowsWhatItsProcessTakesBesideTheLimit) {
  auto status = some_status();
  auto& plugin = status["plugins"][0];
  plugin["placement"] = "isolated";
  plugin["worker"] = {{"pid", 4712U}, {"memory", {{"resident_bytes", 5U << 20}, {"allocated_bytes", (7U << 20) + 1}}}};
  std::ostringstream unlimited;
  print_plugin("rates", pick_plugin("rates", status, some_history()), unlimited);
  EXPECT_NE(unlimited.str().find("memory      5 MiB resident, 8 MiB allocated, no limit\n"), std::string::npos)
      << unlimited.str();
  plugin["worker"]["memory"]["limit_bytes"] = 64U << 20;
  std::ostringstream limited;
  print_plugin("rates", pick_plugin("rates", status, some_history()), limited);
  EXPECT_NE(limited.str().find("memory      5 MiB resident, 8 MiB allocated of at most 64 MiB\n"), std::string::npos)
      << limited.str();
}

TEST(StatusOfOne, ShowsWhatOneThatIsInlineHasOfTheHostsMemory) {
  auto status = some_status();
  auto& plugin = status["plugins"][0];
  plugin["placement"] = "inline";
  plugin["memory"] = {{"heap_bytes", 1U << 20}, {"arena_bytes", 0U}, {"buffer_bytes", 1U}, {"limit_bytes", 0U}};
  std::ostringstream unlimited;
  print_plugin("rates", pick_plugin("rates", status, some_history()), unlimited);
  EXPECT_NE(unlimited.str().find("memory      1 MiB heap, 0 MiB arena, 1 MiB buffers\n"), std::string::npos)
      << unlimited.str();
  plugin["memory"]["limit_bytes"] = 64U << 20;
  std::ostringstream limited;
  print_plugin("rates", pick_plugin("rates", status, some_history()), limited);
  EXPECT_NE(limited.str().find(" buffers, told of past 64 MiB\n"), std::string::npos) << limited.str();
}

TEST(StatusOfOne, ShowsOneThatIsNotEnabledByItsPast) {
  std::ostringstream out;
  print_plugin("other", pick_plugin("other", some_status(), some_history()), out);
  EXPECT_EQ(out.str().rfind("name        other\nstate       not enabled; `mortise enable other` lets it run\n", 0), 0U)
      << out.str();
}

TEST(StatusOfOne, IsNullForWhatNobodyKnows) {
  EXPECT_TRUE(pick_plugin("nobody", some_status(), some_history()).is_null());
}

}  // namespace
}  // namespace mortise::cli
