// Numbered scripts, each of which runs once, or of which none has run.
#include "migrations_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

TEST_F(MigrationsTest, ATableMayBeMadeAnew) {
  expect_done(version("1.0.0", {step(1,
                                     "CREATE TABLE parent (id INTEGER PRIMARY KEY); "
                                     "CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE); "
                                     "INSERT INTO parent VALUES (7); INSERT INTO child VALUES (7)")}));
  expect_done(version("1.1.0", {step(1,
                                     "CREATE TABLE parent (id INTEGER PRIMARY KEY); "
                                     "CREATE TABLE child (parent REFERENCES parent ON DELETE CASCADE); "
                                     "INSERT INTO parent VALUES (7); INSERT INTO child VALUES (7)"),
                                step(2,
                                     "CREATE TABLE next (id INTEGER PRIMARY KEY, more); "
                                     "INSERT INTO next (id) SELECT id FROM parent; DROP TABLE parent; "
                                     "ALTER TABLE next RENAME TO parent")}));
  EXPECT_THAT(select("SELECT parent FROM child"), ElementsAre("7")) << "nothing cascades";
  EXPECT_EQ(refusal("INSERT INTO child VALUES (8)"), ErrorCode::failed_precondition) << "keys are looked at again";
}

TEST_F(MigrationsTest, ReferencesToWhatIsNotThereAreRefused) {
  EXPECT_THAT(failure(version("1.0.0", {step(1,
                                             "CREATE TABLE parent (id INTEGER PRIMARY KEY); "
                                             "CREATE TABLE child (parent REFERENCES parent); "
                                             "INSERT INTO child VALUES (7)")})),
              AllOf(HasSubstr("row 1 of 'child' refers to a row of 'parent' that is not there"),
                    HasSubstr("as it was before")));
  EXPECT_THAT(tables(), ElementsAre("item"));
}

TEST_F(MigrationsTest, NothingGetsANameOfTheHosts) {
  EXPECT_THAT(failure(version("1.0.0", {step(1, "CREATE TABLE a (id); ALTER TABLE a RENAME TO mortise_a")})),
              HasSubstr("'mortise_a' has a name that begins with \"mortise_\""));
}

TEST_F(MigrationsTest, OneThatTakesTooLongEndsAndTheDatabaseGoesOn) {
  const auto endless =
      version("1.0.0", {step(1,
                             "CREATE TABLE a AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                             "SELECT max(i) FROM n")});
  const auto late =
      migrate(*database_, endless, {.deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(50)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline_exceeded);
  EXPECT_THAT(late.error().message, HasSubstr("Raise init_timeout_ms"));
  add("written", 1);
  EXPECT_THAT(tables(), ElementsAre("item"));
}

TEST_F(MigrationsTest, OneThatNobodyWaitsForAnyMoreHasNotRun) {
  EXPECT_FALSE(migrate(*database_, version("1.0.0", {one_}), {.is_wanted = [] { return false; }}));
  EXPECT_THAT(tables(), ElementsAre("item"));
}

TEST_F(MigrationsTest, WhereThereIsNothingToDoNobodyIsWaitedFor) {
  expect_done(version("1.0.0", {one_}));
  const auto busy = *database_->begin(Database::Access::write, Time::max());
  expect_done(version("1.0.0", {one_}));
  expect_done(version("1.0.1", {one_}));
}

Time soon() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(100); }

TEST_F(MigrationsTest, AVersionThatRanMeanwhileMayStartAgainUntilItsSuccessorIsSwitchedTo) {
  expect_done(version("1.0.0", {one_}));
  const auto next = version("2.0.0", {one_, two_});
  ASSERT_TRUE(migrate(*database_, next, {.running_versions = {"1.0.0"}}));
  expect_done(version("1.0.0", {one_}));
  EXPECT_THAT(failure(version("1.0.1", {one_})), HasSubstr("migration 2 'step-2'"));
  EXPECT_TRUE(settle_migrations(*database_, soon()));
  EXPECT_THAT(failure(version("1.0.0", {one_})), HasSubstr("migration 2 'step-2'"));
  expect_done(next);
}

TEST_F(MigrationsTest, WhatAFormerStartHasMigratedIsStillToBeSettled) {
  expect_done(version("1.0.0", {one_}));
  const auto next = version("2.0.0", {one_, two_});
  ASSERT_TRUE(migrate(*database_, next, {.running_versions = {"1.0.0"}}).value().is_to_settle);
  // Its init fails, and the former version goes on, which does not know of the second step.
  EXPECT_FALSE(migrate(*database_, version("1.0.0", {one_})).value().is_to_settle);
  const auto again = migrate(*database_, next).value();
  EXPECT_EQ(again.count, 0U);
  EXPECT_TRUE(again.is_to_settle);
  EXPECT_TRUE(settle_migrations(*database_, soon()));
  EXPECT_FALSE(migrate(*database_, next).value().is_to_settle);
}

TEST_F(MigrationsTest, SettlingWaitsForNobodyForLong) {
  ASSERT_TRUE(migrate(*database_, version("2.0.0", {one_}), {.running_versions = {"1.0.0"}}));
  {
    const auto busy = *database_->begin(Database::Access::write, Time::max());
    EXPECT_FALSE(settle_migrations(*database_, soon()));
  }
  EXPECT_TRUE(settle_migrations(*database_, soon()));
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
