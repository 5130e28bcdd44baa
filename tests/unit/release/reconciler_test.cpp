#include <gmock/gmock.h>

#include "reconciler_fixture.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using testing::ReconcilerTest;

// `teller` provides what `shop` requires, too, but with other methods.

TEST_F(ReconcilerTest, StopsAConsumerThatLosesItsProviderAndNobodyElse) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  ASSERT_EQ(pass_with({"currency", "shop", "teller"}), "currency 1.0.0 shop 1.0.0 teller 1.0.0");
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0") << "it ran before, and is not at fault";
  EXPECT_THAT(reason_of("shop"), HasSubstr("convert"));
}

TEST_F(ReconcilerTest, SwitchesToANewcomerThatOnlyAConsumerWhichGoesAsWellDoesNotFit) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  EXPECT_EQ(pass_with({"shop", "teller"}), "teller 1.0.0");
}

TEST_F(ReconcilerTest, PlansWithoutChangingAnything) {
  enable({"good"});
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].plugin, "good");
  EXPECT_EQ(service_.published(), "");
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  EXPECT_EQ(service_.published(), "good 1.0.0");
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::unchanged);
}

TEST_F(ReconcilerTest, RefusesInThePlanWhatAServiceKnowsNotToStart) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  service_.known_bad_ = {"good 1.1.0"};
  const auto plan = reconciler_->plan();
  EXPECT_TRUE(plan.is_empty());
  ASSERT_EQ(plan.refusals.size(), 1U);
  EXPECT_EQ(plan.refusals[0].reason, "plugin 'good' 1.1.0: it is known not to start");
  EXPECT_TRUE(plan.refusals[0].keeps_running);
  const auto outcome = reconciler_->apply("root (uid 0)");
  EXPECT_EQ(outcome.result, Outcome::Result::unchanged);
  EXPECT_EQ(outcome.plan.refusals.size(), 1U);
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(reason_of("good"), "active: runs on as it was: plugin 'good' 1.1.0: it is known not to start");
  EXPECT_EQ(reconciler_->history(10)->size(), 1U) << "nothing was tried";
  service_.known_bad_.clear();
  EXPECT_EQ(pass(), "good 1.1.0");
}

TEST_F(ReconcilerTest, GoesBackToNothingThatAServiceKnowsNotToStart) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  service_.known_bad_ = {"good 1.0.0"};
  EXPECT_EQ(roll_back(), "release 1 cannot come back: plugin 'good' 1.0.0: it is known not to start");
  EXPECT_EQ(service_.published(), "good 1.1.0");
  EXPECT_EQ(reconciler_->history(10)->size(), 2U);
}

TEST_F(ReconcilerTest, GoesBackAndStaysThereUntilSomethingElseIsAskedFor) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  EXPECT_EQ(roll_back(), "applied: good 1.0.0");
  EXPECT_EQ(pass_with({"good"}), "good 1.0.0") << "1.1.0 is not applied again unasked";
  EXPECT_THAT(reason_of("good"), HasSubstr("rolled back to release 1 by root (uid 0)"));
  restart();
  EXPECT_EQ(service_.published(), "good 1.0.0") << "not after a restart either";
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  EXPECT_EQ(service_.published(), "good 1.1.0");
}

TEST_F(ReconcilerTest, TellsOfAGenerationUntilItsImageIsUnmapped) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  enable({});
  reconciler_->pass();  // nobody holds it any more, and nobody has retired it yet
  EXPECT_EQ(reason_of("good"), "stopping: ");
  EXPECT_EQ(reconciler_->left_behind(), 1U);
  retire();
  EXPECT_EQ(reason_of("good"), "");
  EXPECT_EQ(reconciler_->left_behind(), 0U);
}

TEST_F(ReconcilerTest, GoesBackToAnImageWhoseFileIsGone) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  std::filesystem::remove(root_ / "drop" / "good-1.0.so");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  EXPECT_EQ(roll_back(1), "applied: good 1.0.0");
}

TEST_F(ReconcilerTest, GoesBackOverWhatWasEnabledAndDisabled) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  ASSERT_EQ(pass_with({"currency"}), "currency 1.0.0");
  EXPECT_EQ(roll_back(), "applied: good 1.0.0");
  EXPECT_EQ(pass_with({"currency"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"currency", "shop"}), "good 1.0.0") << "shop cannot run without the currency that is held out";
}

TEST_F(ReconcilerTest, SaysWhereItCannotGoBackTo) {
  EXPECT_THAT(roll_back(), HasSubstr("no release before"));
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  EXPECT_THAT(roll_back(), HasSubstr("no release before"));
  EXPECT_THAT(roll_back(7), HasSubstr("no release 7 was ever applied"));
}

TEST_F(ReconcilerTest, LeavesEverythingAsItWasWhenOneOfThreeFails) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  drop("init-fails");
  EXPECT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0");
  EXPECT_THAT(reason_of("init-fails"), HasSubstr("the zoo's init always fails"));
  EXPECT_THAT(reason_of("currency"), HasSubstr("held back with release 2"));
  EXPECT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0") << "looking again changes nothing";
  const auto outcome = reconciler_->apply("root (uid 0)");
  EXPECT_EQ(outcome.result, Outcome::Result::applied) << outcome.reason;
  EXPECT_EQ(service_.published(), "currency 1.0.0 good 1.1.0");
  const auto history = *reconciler_->history(10);
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[1].result, "failed");
  EXPECT_THAT(history[1].reason, HasSubstr("init-fails"));
  EXPECT_EQ(history[2].result, "applied");
}

TEST_F(ReconcilerTest, AppliesTheRestOnceNobodyAsksForWhatFailed) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  drop("init-fails");
  ASSERT_EQ(pass_with({"good", "currency", "init-fails"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"good", "currency"}), "currency 1.0.0 good 1.1.0") << "what failed was disabled";
  EXPECT_EQ(reason_of("currency"), "active: ");
}

TEST_F(ReconcilerTest, KeepsItsHoldWhenAnApplyFails) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass_with({"good"}), "good 1.1.0");
  ASSERT_EQ(roll_back(), "applied: good 1.0.0");
  drop("init-fails");
  enable({"good", "init-fails"});
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::failed);
  EXPECT_EQ(pass_with({"good", "init-fails"}), "good 1.0.0");
  EXPECT_EQ(pass_with({"good"}), "good 1.0.0") << "as if nobody had asked";
}

}  // namespace
}  // namespace mortise::release
