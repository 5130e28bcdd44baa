#include "sql/migrations.hpp"

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using manifest::Manifest;
using manifest::Migration;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Migration step(std::uint32_t number, std::string sql, bool is_compatible = false) {
  return {.number = number,
          .name = "step-" + std::to_string(number),
          .sql = std::move(sql),
          .is_compatible = is_compatible};
}

Manifest version(const std::string& text, std::vector<Migration> migrations) {
  Manifest manifest;
  manifest.name = "shop";
  manifest.version = *manifest::Version::parse(text);
  manifest.migrations = std::move(migrations);
  return manifest;
}

class MigrationsTest : public DatabaseTest {
 protected:
  void expect_done(const Manifest& manifest) {
    const auto done = migrate(*database_, manifest);
    EXPECT_TRUE(done) << done.error().message;
  }
  std::string failure(const Manifest& manifest) {
    const auto done = migrate(*database_, manifest);
    EXPECT_FALSE(done);
    return done ? "" : done.error().message;
  }
  std::vector<std::string> tables() {
    return select("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mortise%' ORDER BY name");
  }

  const Migration one_ = step(1, "CREATE TABLE a (id INTEGER); INSERT INTO a VALUES (1);");
  const Migration two_ =
      step(2, "-- with a comment; and a semicolon\nCREATE TABLE b (id INTEGER);\nUPDATE a SET id = 2;");
};

TEST_F(MigrationsTest, RunEachOnceInTheOrderOfTheirNumbers) {
  expect_done(version("1.0.0", {one_}));
  EXPECT_THAT(select("SELECT id FROM a"), ElementsAre("1"));
  expect_done(version("1.1.0", {one_, two_}));
  expect_done(version("1.1.0", {one_, two_}));
  EXPECT_THAT(select("SELECT id FROM a"), ElementsAre("2"));
  EXPECT_THAT(tables(), ElementsAre("a", "b", "item"));
}

TEST_F(MigrationsTest, NoneHasRunWhenOneFails) {
  expect_done(version("1.0.0", {one_}));
  const auto why = failure(version("1.1.0", {one_, two_, step(3, "CREATE TABLE c (id); SELEKT 1;")}));
  EXPECT_THAT(why, AllOf(HasSubstr("migration 3 'step-3'"), HasSubstr("SELEKT"), HasSubstr("as it was before")));
  EXPECT_THAT(tables(), ElementsAre("a", "item"));
  EXPECT_THAT(select("SELECT id FROM a"), ElementsAre("1"));
  expect_done(version("1.2.0", {one_, two_}));
}

TEST_F(MigrationsTest, OneThatHasRunMustStayAsItWas) {
  expect_done(version("1.0.0", {one_}));
  EXPECT_THAT(failure(version("1.1.0", {step(1, "CREATE TABLE other (id INTEGER)")})),
              AllOf(HasSubstr("migration 1"), HasSubstr("version 1.0.0"), HasSubstr("write what is to change")));
}

TEST_F(MigrationsTest, OneBelowThoseThatHaveRunIsRefused) {
  expect_done(version("1.0.0", {step(5, "CREATE TABLE five (id)")}));
  EXPECT_THAT(failure(version("1.1.0", {step(3, "CREATE TABLE three (id)"), step(5, "CREATE TABLE five (id)")})),
              AllOf(HasSubstr("migration 3"), HasSubstr("give it a higher number")));
}

TEST_F(MigrationsTest, AnOlderVersionRunsOnlyWhereItsSuccessorsAreCompatible) {
  const auto compatible = step(2, "ALTER TABLE a ADD COLUMN more", true);
  expect_done(version("1.1.0", {one_, compatible}));
  expect_done(version("1.0.0", {one_}));
  expect_done(version("1.2.0", {one_, compatible, step(3, "ALTER TABLE a DROP COLUMN more")}));
  EXPECT_THAT(failure(version("1.1.0", {one_, compatible})),
              AllOf(HasSubstr("migration 3 'step-3'"), HasSubstr("1.2.0"), HasSubstr("put back a backup")));
}

TEST_F(MigrationsTest, MayNotDoWhatOnlyTheHostMay) {
  for (const auto* sql : {"ATTACH '/tmp/x' AS x", "COMMIT", "DROP TABLE mortise_migrations", "PRAGMA foreign_keys=OFF",
                          "DELETE FROM mortise_migrations"}) {
    const auto done = migrate(*database_, version("1.0.0", {step(1, sql)}));
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, ErrorCode::permission_denied) << sql;
  }
}

}  // namespace
}  // namespace mortise::sql
