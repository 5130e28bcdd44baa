// What the reconciler makes of a history that is damaged, lost, lent or full, and of trials from a life before.
#include <Poco/Data/Statement.h>
#include <gmock/gmock.h>

#include "reconciler_fixture.hpp"
#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ReconcilerHistoryTest : public testing::ReconcilerTest {
 protected:
  void change_history(const std::string& statement) {
    storage::open_sqlite(file_) << statement, Poco::Data::Keywords::now;
  }
  std::int64_t ask_history(const std::string& query) {
    std::int64_t answer = 0;
    storage::open_sqlite(file_) << query, Poco::Data::Keywords::into(answer), Poco::Data::Keywords::now;
    return answer;
  }
  /// good 1.0.0, replaced by 1.1.0, which is on trial.
  void upgrade_good() {
    ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
    drop("good-1.1");
    ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
    ASSERT_EQ(reason_of("good"), "active: on trial with release 2");
  }

  std::filesystem::path file_ = root_ / "state" / "releases.db";
};

TEST_F(ReconcilerHistoryTest, AHistoryWithoutAnyReleaseWaitsForTheAdminInManualMode) {
  applies_by_itself_ = false;
  enable({"good"});
  restart();
  EXPECT_EQ(service_.published(), "");
}

TEST_F(ReconcilerHistoryTest, ALostHistoryIsNoFreshHost) {
  applies_by_itself_ = false;
  enable({"good"});
  restart();
  ASSERT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  change_history("DROP TABLE member");
  restart();
  EXPECT_EQ(service_.published(), "good 1.0.0") << "as far as anybody knows, that is what ran";
  EXPECT_TRUE(std::filesystem::exists(file_.string() + ".corrupt-1"));
  EXPECT_THAT(*reconciler_->history(10), SizeIs(1));
}

TEST_F(ReconcilerHistoryTest, WhatCannotBeReadOfItLeavesTheRest) {
  upgrade_good();
  for (const auto* table : {"mark", "trial"}) change_history(std::string("DROP TABLE ") + table);
  restart();
  EXPECT_EQ(service_.published(), "good 1.1.0");
  EXPECT_EQ(reason_of("good"), "active: ");
  EXPECT_THAT(*reconciler_->history(10), SizeIs(2));
}

TEST_F(ReconcilerHistoryTest, ATrialGoesOnAfterARestart) {
  upgrade_good();
  restart();
  EXPECT_EQ(reason_of("good"), "active: on trial with release 2");
  restart();
  EXPECT_EQ(reason_of("good"), "active: on trial with release 2") << "and it is written down again";
}

TEST_F(ReconcilerHistoryTest, ATrialWhoseTimeIsOverDoesNot) {
  upgrade_good();
  change_history("UPDATE trial SET until_ms = 1000");
  restart();
  EXPECT_EQ(reason_of("good"), "active: ");
  EXPECT_EQ(ask_history("SELECT count(*) FROM trial"), 0);
}

TEST_F(ReconcilerHistoryTest, ATrialWithoutAWayBackDoesNot) {
  upgrade_good();
  change_history("UPDATE trial SET former_sha256 = 'nowhere'");
  restart();
  EXPECT_EQ(reason_of("good"), "active: ");
}

TEST_F(ReconcilerHistoryTest, WritesNothingBeforeTheStateIsItsOwn) {
  upgrade_good();
  const auto written = "SELECT count(*) + total(generation) FROM attempt LEFT JOIN trial USING (number)";
  const auto before = ask_history(written);
  change_history("UPDATE attempt SET result = 'applying' WHERE number = 1");
  restart(Reconciler::Record::later);
  EXPECT_EQ(service_.published(), "good 1.1.0");
  EXPECT_EQ(ask_history(written), before);
  EXPECT_EQ(ask_history("SELECT count(*) FROM attempt WHERE result = 'applying'"), 1);

  reconciler_->record_start();
  EXPECT_EQ(ask_history("SELECT count(*) FROM attempt WHERE result = 'applying'"), 0);
  EXPECT_EQ(reason_of("good"), "active: on trial with release 2");
  EXPECT_EQ(pass_with({}), "");
  EXPECT_THAT(*reconciler_->history(10), SizeIs(3));
}

TEST_F(ReconcilerHistoryTest, ACanaryThatCannotBeSwitchedToLeavesEverythingAsItWas) {
  upgrade_good();
  ASSERT_EQ(roll_back(), "applied: good 1.0.0");
  configure("good", R"({"canary": {"percent": 5, "for": "1h"}})");
  ASSERT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::canary);
  ASSERT_EQ(service_.canary(), "5 %: good 1.1.0");
  change_history("ALTER TABLE hold RENAME TO elsewhere");
  const auto outcome = reconciler_->apply("root (uid 0)");
  EXPECT_EQ(outcome.result, Outcome::Result::failed);
  EXPECT_THAT(outcome.reason, HasSubstr("no such table: hold"));
  EXPECT_EQ(service_.published(), "good 1.0.0");
  EXPECT_EQ(service_.canary(), "");
  EXPECT_TRUE(reconciler_->next_look().has_value()) << "it is tried again without being asked";
  change_history("ALTER TABLE elsewhere RENAME TO hold");
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_THAT(reason_of("good"), HasSubstr("active: held: ")) << "as before the apply";
}

}  // namespace
}  // namespace mortise::release
