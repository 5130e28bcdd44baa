// A plugin's database, from its requests, over its upgrades and restarts.
#include <Poco/Exception.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SqlTest : public PlacedTest {
 protected:
  void start_keeps(const std::string& file = "keeps-1.0", const json& settings = json::object()) {
    prefix_.drop(zoo_file(file));
    auto placed = settings;
    placed["placement"] = GetParam();
    prefix_.write_plugin("keeps", placed.dump());
    start();
  }
  [[nodiscard]] Answer post(const std::string& target) const { return host_->connect().send("POST", target, "", {}); }
  /// 0: the connection was lost.
  [[nodiscard]] int status_of(const std::string& method, const std::string& target) const {
    try {
      return host_->connect().send(method, target).status;
    } catch (const Poco::Exception&) {
      return 0;
    }
  }
  [[nodiscard]] json amounts() const { return json::parse(host_->get("/keeps").body); }
  [[nodiscard]] std::filesystem::path file() const { return prefix_.state_directory() / "sql/keeps.sqlite"; }
  /// Drops a version that does not start, and returns why.
  std::string failure_of(const std::string& file, const std::string& version) {
    prefix_.drop(zoo_file(file));
    return reason_of_failure(version);
  }
  [[nodiscard]] std::string reason_of_failure(const std::string& version) const {
    return host_
        ->wait_for_plugin(
            "keeps",
            [&](const json& status) { return status["state"] == "failed" && status["version"] == version; })["reason"]
        .get<std::string>();
  }
};

TEST_P(SqlTest, KeepsRowsOverARestart) {
  start_keeps();
  EXPECT_EQ(post("/keeps?name=tea&amount=3").body, "1");
  EXPECT_EQ(post("/keeps?name=%27%29%3B+DROP+TABLE+amounts%3B--&amount=5").body, "2");
  const json kept{{"'); DROP TABLE amounts;--", 5}, {"tea", 3}};
  EXPECT_EQ(amounts(), kept);
  EXPECT_EQ(host_->stop(), 0);
  start();
  EXPECT_EQ(amounts(), kept);
  const auto permissions = std::filesystem::status(file().parent_path()).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_all) << "nobody else reads it";
}

TEST_P(SqlTest, WhatFailsHalfWayHasChangedNothing) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=a&amount=3").status, 201);
  ASSERT_EQ(post("/keeps?name=b&amount=0").status, 201);
  EXPECT_EQ(post("/keeps/move?from=a&to=b&amount=2").status, 204);
  EXPECT_EQ(amounts(), (json{{"a", 1}, {"b", 2}}));
  EXPECT_EQ(post("/keeps/move?from=nobody&to=b&amount=1").status, 404);
  EXPECT_EQ(post("/keeps/move?from=a&to=b&amount=5").status, 400) << "it would be less than nothing";
  EXPECT_EQ(post("/keeps?name=a&amount=7").status, 409);
  EXPECT_EQ(amounts(), (json{{"a", 1}, {"b", 2}}));
}

TEST_P(SqlTest, AStatementWithoutEndEndsAtTheDeadline) {
  start_keeps("keeps-1.0", {{"limits", {{"deadline", "300ms"}, {"concurrency", 1}}}});
  EXPECT_EQ(host_->get("/keeps/endless").status, 504);
  // With one at a time: the handler has come back.
  EXPECT_EQ(amounts(), json::object());
}

TEST_P(SqlTest, MigrationsComeWithTheirVersions) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  prefix_.drop(zoo_file("keeps-1.1"));
  host_->wait_for_version("keeps", "1.1.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
  prefix_.drop(zoo_file("keeps-2.0"));
  host_->wait_for_version("keeps", "2.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 300}}));
}

TEST_P(SqlTest, AMigrationThatFailsLeavesTheFormerVersionAndItsSchema) {
  start_keeps("keeps-2.0");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  EXPECT_THAT(failure_of("keeps-2.1-fails", "2.1.0"),
              AllOf(HasSubstr("migration 4 'broken' failed"), HasSubstr("nothing"), HasSubstr("as it was before")));
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
  EXPECT_EQ(host_->get("/keeps/version").body, "2.0.0");
}

TEST_P(SqlTest, AnOlderVersionRunsWhereWhatItDoesNotKnowIsCompatible) {
  start_keeps("keeps-1.1");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  std::filesystem::remove(prefix_.drop_directory() / "keeps-1.1.so");
  prefix_.drop(zoo_file("keeps-1.0"));
  host_->wait_for_version("keeps", "1.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

TEST_P(SqlTest, AnOlderVersionIsRefusedWhereItIsNot) {
  start_keeps("keeps-1.1");
  prefix_.drop(zoo_file("keeps-2.0"));
  host_->wait_for_version("keeps", "2.0.0");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  const auto back = mortise({"rollback"});
  EXPECT_NE(back.code, 0);
  EXPECT_THAT(back.out + back.err, AllOf(HasSubstr("migration 3 'cents'"), HasSubstr("put back a backup")));
  EXPECT_EQ(host_->get("/keeps/version").body, "2.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

TEST_P(SqlTest, AnOlderVersionIsRefusedAlsoWhereTheNewerOneNeededTwoStarts) {
  start_keeps("keeps-1.1");
  const auto desire = [this](const char* version, bool fails) {
    prefix_.write_plugin("keeps",
                         json{{"placement", GetParam()}, {"version", version}, {"config", {{"fails", fails}}}}.dump());
  };
  desire(">=2", true);
  EXPECT_THAT(failure_of("keeps-2.0", "2.0.0"), HasSubstr("its config says so"));
  EXPECT_EQ(host_->get("/keeps/version").body, "1.1.0") << "its migrations have run, and it was not switched to";
  desire(">=2", false);
  host_->wait_for_version("keeps", "2.0.0");
  const auto back = mortise({"rollback"});
  EXPECT_NE(back.code, 0);
  EXPECT_THAT(back.out + back.err, HasSubstr("migration 3 'cents'"));
}

TEST_P(SqlTest, ThePlanRefusesAnOlderVersionAndNothingStarts) {
  prefix_.configure({{"apply", "manual"}});
  start_keeps("keeps-2.0");
  EXPECT_EQ(mortise({"apply"}).code, 0);
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  prefix_.drop(zoo_file("keeps-1.0"));
  prefix_.write_plugin("keeps", json{{"placement", GetParam()}, {"version", "<2"}}.dump());
  const auto planned = mortise({"plan"});
  EXPECT_EQ(planned.code, 0) << planned.err;
  const auto refused =
      AllOf(HasSubstr("! keeps: plugin 'keeps' 1.0.0: its database has been through migration 3 'cents'"),
            HasSubstr("put back a backup from before\n    what ran of it runs on as it was\n"));
  EXPECT_THAT(planned.out, AllOf(refused, HasSubstr("no changes, 1 refusal; nothing was changed")));
  const auto as_json = json::parse(mortise({"plan", "--json"}).out);
  EXPECT_EQ(as_json["steps"], json::array());
  EXPECT_THAT(as_json["refusals"][0]["reason"].get<std::string>(), HasSubstr("and 1.0.0 does not know; run that"));
  EXPECT_EQ(as_json["refusals"][0]["keeps_running"], true);

  EXPECT_THAT(mortise({"apply"}).out, refused);
  EXPECT_EQ(host_->get("/keeps/version").body, "2.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
  EXPECT_EQ(json::parse(mortise({"history", "--json"}).out)["entries"].size(), 1U) << "nothing was tried";
}

TEST_P(SqlTest, AnOlderVersionIsRefusedBesideADatabaseThatIsPutBack) {
  start_keeps("keeps-1.1");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  const auto copy = (prefix_.state_directory() / "copy.sqlite").string();
  ASSERT_EQ(mortise({"db", "keeps", "backup", copy}).code, 0);
  prefix_.drop(zoo_file("keeps-2.0"));
  host_->wait_for_version("keeps", "2.0.0");
  prefix_.write_plugin("keeps", json{{"placement", GetParam()}, {"version", "<2"}, {"enabled", false}}.dump());
  host_->wait_until_gone("keeps");
  prefix_.write_plugin("keeps", json{{"placement", GetParam()}, {"version", "<2"}}.dump());
  const auto status = host_->wait_for_plugin("keeps", [](const json& one) { return one["state"] == "refused"; });
  EXPECT_THAT(status["reason"].get<std::string>(), HasSubstr("migration 3 'cents'"));
  ASSERT_EQ(mortise({"db", "keeps", "restore", copy}).code, 0) << "nobody has it open";
  EXPECT_EQ(mortise({"apply"}).code, 0);
  host_->wait_for_version("keeps", "1.1.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

TEST_P(SqlTest, AFullDiskIsSaidAndNothingIsThereByHalf) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=a&amount=3").status, 201);
  ASSERT_EQ(post("/keeps?name=b&amount=0").status, 201);
  host_->fill_disk(file().string() + "-wal");
  const auto full = post("/keeps?name=c&amount=1");
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.body, AllOf(HasSubstr("the disk is full: the database 'keeps.sqlite'"), HasSubstr("make room")));
  EXPECT_EQ(post("/keeps/move?from=a&to=b&amount=2").status, 503) << "at the commit";
  EXPECT_EQ(amounts(), (json{{"a", 3}, {"b", 0}})) << "it serves on";
  host_->make_room();
  EXPECT_EQ(post("/keeps/move?from=a&to=b&amount=2").status, 204);
  EXPECT_EQ(amounts(), (json{{"a", 1}, {"b", 2}}));
}

TEST_P(SqlTest, AFullFileSystemIsSaidAsWell) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a file system of its own";
  std::filesystem::create_directories(file().parent_path());
  prefix_.drop(zoo_file("keeps-1.0"));
  prefix_.write_plugin("keeps", json{{"placement", GetParam()}}.dump());
  start({.is_without_privileges = false, .largest_file_bytes = {}, .tmpfs = file().parent_path()});
  ASSERT_EQ(post("/keeps?name=a&amount=3").status, 201);
  const std::filesystem::path filler =
      "/proc/" + std::to_string(host_->process()) + "/root" + (file().parent_path() / "filler").string();
  for (std::ofstream out(filler); out.good();) out << std::string(4096, 'x') << std::flush;
  const auto full = post("/keeps?name=b&amount=1");
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.body, HasSubstr("the disk is full: the database 'keeps.sqlite'"));
  EXPECT_EQ(amounts(), (json{{"a", 3}})) << "it serves on";
  ASSERT_TRUE(std::filesystem::remove(filler));
  EXPECT_EQ(post("/keeps?name=b&amount=1").status, 201);
}

TEST_P(SqlTest, ADamagedDatabaseIsItsPluginsProblem) {
  prefix_.add_zoo("good-1.0", "good");
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  EXPECT_EQ(host_->stop(), 0);
  std::ofstream(file(), std::ios::trunc) << std::string(8192, 'x');
  start();
  EXPECT_EQ(host_->get("/good").body, "1.0.0");
  EXPECT_THAT(reason_of_failure("1.0.0"), AllOf(HasSubstr(file().string()), HasSubstr("put a backup in its place")));
}

TEST_P(SqlTest, ABackupOfARunningPluginComesBackWhenItIsDisabled) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  const auto backup = (prefix_.state_directory() / "keeps.backup").string();
  EXPECT_EQ(mortise({"db", "keeps", "backup", backup}).code, 0);
  ASSERT_EQ(post("/keeps?name=milk&amount=1").status, 201);
  const auto refused = mortise({"db", "keeps", "restore", backup});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("is in use"), HasSubstr("`mortise disable keeps` first")));
  ASSERT_EQ(mortise({"disable", "keeps"}).code, 0);
  host_->wait_until_gone("keeps");
  const auto restored = mortise({"db", "keeps", "restore", backup});
  EXPECT_EQ(restored.code, 0) << restored.err;
  EXPECT_THAT(restored.out, HasSubstr("keeps.sqlite.replaced-1"));
  ASSERT_EQ(mortise({"enable", "keeps"}).code, 0);
  host_->wait_for_state("keeps", "active");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

TEST_P(SqlTest, ADamagedDatabaseIsReplacedByItsBackup) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  const auto backup = (prefix_.state_directory() / "keeps.backup").string();
  ASSERT_EQ(mortise({"db", "keeps", "backup", backup}).code, 0);
  EXPECT_EQ(mortise({"db", "keeps", "check"}).code, 0);
  EXPECT_EQ(host_->stop(), 0);
  std::ofstream(file(), std::ios::trunc) << std::string(8192, 'x');
  const auto checked = mortise({"db", "keeps", "check"});
  EXPECT_EQ(checked.code, 1);
  EXPECT_THAT(checked.out, AllOf(HasSubstr("not a database"), HasSubstr("`mortise db keeps restore FILE`")));
  EXPECT_EQ(mortise({"db", "keeps", "restore", backup}).code, 0);
  start();
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

/// Where commands are looked for by what the test starts.
class SearchedFolder {
 public:
  explicit SearchedFolder(const std::filesystem::path& folder) : former_(std::getenv("PATH")) {
    std::filesystem::create_directory(folder);
    ::setenv("PATH", folder.c_str(), 1);
  }
  ~SearchedFolder() { ::setenv("PATH", former_.c_str(), 1); }
  SearchedFolder(const SearchedFolder&) = delete;
  SearchedFolder& operator=(const SearchedFolder&) = delete;

 private:
  const std::string former_;
};

TEST_P(SqlTest, TheShellHasTheDatabaseAndKeepsItFromBeingReplaced) {
  start_keeps();
  const auto backup = (prefix_.state_directory() / "keeps.backup").string();
  ASSERT_EQ(mortise({"db", "keeps", "backup", backup}).code, 0);
  ASSERT_EQ(mortise({"disable", "keeps"}).code, 0);
  host_->wait_until_gone("keeps");
  const auto folder = prefix_.state_directory() / "commands";
  const SearchedFolder searched(folder);
  const auto missing = mortise({"db", "keeps", "shell"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("install the package sqlite3"));

  const auto shell = folder / "sqlite3";
  std::ofstream(shell) << "#!/bin/sh\necho \"opened $*\"\n"
                       << built_executable() << " db keeps restore " << backup << " --config "
                       << prefix_.config_file().string() << " 2>&1\nexit 7\n";
  std::filesystem::permissions(shell, std::filesystem::perms::owner_all);
  const auto opened = mortise({"db", "keeps", "shell"});
  EXPECT_EQ(opened.code, 7) << opened.err;
  EXPECT_THAT(opened.out, AllOf(HasSubstr("opened " + file().string() + "\n"), HasSubstr("is in use")));
  EXPECT_EQ(mortise({"db", "keeps", "restore", backup}).code, 0) << "the shell has ended";
}

TEST_P(SqlTest, CommandsOnDatabasesSayWhatIsWrong) {
  start_keeps();
  const auto misspelt = mortise({"db", "keep", "check"});
  EXPECT_EQ(misspelt.code, 1);
  EXPECT_THAT(misspelt.err, AllOf(HasSubstr("plugin 'keep' has no database"), HasSubstr("did you mean 'keeps'?")));
  EXPECT_THAT(mortise({"db", "../keeps", "check"}).err, HasSubstr("is no plugin name"));
  const auto taken = mortise({"db", "keeps", "backup", file().string()});
  EXPECT_EQ(taken.code, 1);
  EXPECT_THAT(taken.err, AllOf(HasSubstr("is there already"), HasSubstr("another name")));
  EXPECT_EQ(mortise({"db", "keeps"}).code, 2);
  EXPECT_EQ(mortise({"db"}).code, 2);
}

TEST_P(SqlTest, IsThereFromTheConstructorToTheDestructor) {
  start_keeps("keeps-1.0", {{"config", {{"notes_end", true}}}});
  EXPECT_EQ(host_->get("/keeps/at-start").body, "0");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  ASSERT_EQ(mortise({"disable", "keeps"}).code, 0);
  host_->wait_until_gone("keeps");
  ASSERT_EQ(mortise({"enable", "keeps"}).code, 0);
  host_->wait_for_state("keeps", "active");
  EXPECT_EQ(amounts(), (json{{"ended", 1}, {"tea", 3}}));
  EXPECT_EQ(host_->get("/keeps/at-start").body, "2");
}

TEST_P(SqlTest, RowsThatAreRefusedUndoTheirStatementAlone) {
  start_keeps();
  EXPECT_EQ(post("/keeps/refuse?name=tea").status, 204);
  EXPECT_EQ(amounts(), (json{{"tea", 2}})) << "the first two would have kept the third from being written";
}

TEST_P(SqlTest, LargeValuesCrossToo) {
  start_keeps();
  for (const auto* bytes : {"0", "4000", "100000", "10000000"}) {
    EXPECT_EQ(host_->get("/keeps/echo?bytes=" + std::string(bytes)).body, bytes);
  }
}

TEST_P(SqlTest, AProcessThatDiesInATransactionHasWrittenNothing) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=kept&amount=1").status, 201);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(status_of("POST", "/keeps/die?name=lost"), 204);
    while (status_of("GET", "/keeps") != 200) std::this_thread::yield();
    EXPECT_EQ(amounts(), (json{{"kept", 1}}));
    EXPECT_EQ(post("/keeps?name=after-" + std::to_string(i) + "&amount=1").status, 201) << "nobody holds it";
    ASSERT_EQ(post("/keeps/forget?name=after-" + std::to_string(i)).status, 204);
  }
}

TEST_P(SqlTest, ManyThreadsWriteAndReadAtOnce) {
  start_keeps("keeps-1.0", {{"limits", {{"concurrency", 16}}}});
  constexpr int kClients = 8;
  constexpr int kRounds = 25;
  for (int i = 0; i < kClients; ++i) ASSERT_EQ(post("/keeps?name=" + std::to_string(i) + "&amount=1000").status, 201);
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([this, i] {
      auto client = host_->connect();
      const auto move =
          "/keeps/move?from=" + std::to_string(i) + "&to=" + std::to_string((i + 1) % kClients) + "&amount=7";
      for (int round = 0; round < kRounds; ++round) {
        EXPECT_EQ(client.send("POST", move, "", {}).status, 204);
        std::int64_t sum = 0;
        for (const auto& one : json::parse(client.get("/keeps").body)) sum += one.get<std::int64_t>();
        EXPECT_EQ(sum, 1000 * kClients) << "half of a move";
      }
    });
  }
  for (auto& client : clients) client.join();
  for (const auto& one : amounts()) EXPECT_EQ(one, 1000);
}

MORTISE_BOTH_PLACEMENTS(SqlTest);

}  // namespace
}  // namespace mortise::integration
