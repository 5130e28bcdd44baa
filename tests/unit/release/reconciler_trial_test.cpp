// Verdicts, and what may stand in their way.
#include <Poco/Data/Statement.h>
#include <gmock/gmock.h>

#include "reconciler_fixture.hpp"
#include "storage/sqlite.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ReconcilerTrialTest : public testing::ReconcilerTest {
 protected:
  /// So many requests to a plugin's routes that a verdict on who failed in them is due.
  void fail(const std::string& entered, const std::string& culprit) {
    auto* const answers = service_.find(entered)->traffic();
    auto* const calls = service_.find(culprit)->traffic();
    ASSERT_TRUE(answers != nullptr && calls != nullptr) << "nobody counts";
    constexpr int kEnough = 20;
    for (int i = 0; i < kEnough; ++i) {
      answers->note_answer(500, std::chrono::milliseconds(1));
      if (culprit != entered) calls->note_failed_call();
    }
  }
  void upgrade_good() {
    ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
    drop("good-1.1");
    ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  }
};

TEST_F(ReconcilerTrialTest, WhatDoesNotPassGoesBackAndIsMarked) {
  upgrade_good();
  fail("good", "good");
  EXPECT_TRUE(reconciler_->do_chores());
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_THAT(*reconciler_->history(10), SizeIs(3));
  restart();
  EXPECT_EQ(service_.published(), "good 1.0.0");
  EXPECT_EQ(pass(), "good 1.0.0") << "nor is it tried again after a restart";
}

TEST_F(ReconcilerTrialTest, TheWayBackIsTakenAlsoWhenItCannotBeWrittenDown) {
  upgrade_good();
  auto locker = storage::open_sqlite(root_ / "state" / "releases.db");
  locker << "BEGIN IMMEDIATE", Poco::Data::Keywords::now;
  fail("good", "good");
  EXPECT_TRUE(reconciler_->do_chores());
  EXPECT_EQ(service_.published(), "good 1.0.0");
  locker << "ROLLBACK", Poco::Data::Keywords::now;
  EXPECT_EQ(pass(), "good 1.0.0") << "this life of the host knows of the mark";
}

TEST_F(ReconcilerTrialTest, WhatAPluginNeedsThatWasStartedSinceRunsOn) {
  ASSERT_EQ(pass_with({"currency"}), "currency 1.0.0");
  drop("currency-1.1-appended");
  ASSERT_EQ(pass_with({"currency"}), "currency 1.1.0");
  drop("shop-newer");
  ASSERT_EQ(pass_with({"currency", "shop-newer"}), "currency 1.1.0 shop-newer 1.0.0");
  reconciler_->do_chores();  // counts who calls it from here on
  fail("shop-newer", "currency");
  EXPECT_TRUE(reconciler_->do_chores());
  EXPECT_EQ(service_.published(), "currency 1.1.0 shop-newer 1.0.0");
  EXPECT_EQ(pass(), "currency 1.1.0 shop-newer 1.0.0") << "and nothing is held";
  EXPECT_THAT(reason_of("currency"), HasSubstr("active: runs on as it was: 'currency' 1.0.0 would leave 'shop-newer'"));
}

}  // namespace
}  // namespace mortise::release
