// A plugin's database, from its requests, over its upgrades and restarts.
#include <filesystem>
#include <fstream>
#include <string>

#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SqlTest : public HostTest {
 protected:
  void start_keeps(const std::string& file = "keeps-1.0", const json& settings = json::object()) {
    prefix_.drop(zoo_file(file));
    prefix_.write_plugin("keeps", settings.dump());
    start();
  }
  [[nodiscard]] Answer post(const std::string& target) const { return host_->connect().send("POST", target, "", {}); }
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

TEST_F(SqlTest, KeepsRowsOverARestart) {
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

TEST_F(SqlTest, WhatFailsHalfWayHasChangedNothing) {
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

TEST_F(SqlTest, AStatementWithoutEndEndsAtTheDeadline) {
  start_keeps("keeps-1.0", {{"limits", {{"deadline", "300ms"}, {"concurrency", 1}}}});
  EXPECT_EQ(host_->get("/keeps/endless").status, 504);
  // With one at a time: the handler has come back.
  EXPECT_EQ(amounts(), json::object());
}

TEST_F(SqlTest, MigrationsComeWithTheirVersions) {
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  prefix_.drop(zoo_file("keeps-1.1"));
  host_->wait_for_version("keeps", "1.1.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
  prefix_.drop(zoo_file("keeps-2.0"));
  host_->wait_for_version("keeps", "2.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 300}}));
}

TEST_F(SqlTest, AMigrationThatFailsLeavesTheFormerVersionAndItsSchema) {
  start_keeps("keeps-2.0");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  EXPECT_THAT(failure_of("keeps-2.1-fails", "2.1.0"),
              AllOf(HasSubstr("migration 4 'broken' failed"), HasSubstr("nothing"), HasSubstr("as it was before")));
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
  EXPECT_EQ(host_->get("/keeps/version").body, "2.0.0");
}

TEST_F(SqlTest, AnOlderVersionRunsWhereWhatItDoesNotKnowIsCompatible) {
  start_keeps("keeps-1.1");
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  std::filesystem::remove(prefix_.drop_directory() / "keeps-1.1.so");
  prefix_.drop(zoo_file("keeps-1.0"));
  host_->apply();
  host_->wait_for_version("keeps", "1.0.0");
  EXPECT_EQ(amounts(), (json{{"tea", 3}}));
}

TEST_F(SqlTest, AnOlderVersionIsRefusedWhereItIsNot) {
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

TEST_F(SqlTest, ADamagedDatabaseIsItsPluginsProblem) {
  prefix_.add_zoo("good-1.0", "good");
  start_keeps();
  ASSERT_EQ(post("/keeps?name=tea&amount=3").status, 201);
  EXPECT_EQ(host_->stop(), 0);
  std::ofstream(file(), std::ios::trunc) << std::string(8192, 'x');
  start();
  EXPECT_EQ(host_->get("/good").body, "1.0.0");
  EXPECT_THAT(reason_of_failure("1.0.0"), AllOf(HasSubstr(file().string()), HasSubstr("put a backup in its place")));
}

TEST_F(SqlTest, IsForPluginsInTheHostProcessAlone) {
  start_keeps("keeps-1.0", {{"placement", "isolated"}});
  EXPECT_THAT(reason_of_failure("1.0.0"), HasSubstr("runs in the host process alone"));
}

}  // namespace
}  // namespace mortise::integration
