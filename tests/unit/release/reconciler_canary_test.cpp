// A canary and what else is asked for meanwhile.
#include <gmock/gmock.h>

#include <thread>

#include "reconciler_fixture.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;

class ReconcilerCanaryTest : public testing::ReconcilerTest {
 protected:
  /// good 1.0.0 runs, and 1.1.0 is its canary until the test has its chores done.
  void begin() {
    ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
    drop("good-1.1");
    configure("good", R"({"canary": {"percent": 5, "for": "1ms"}})");
    ASSERT_EQ(pass(), "good 1.0.0");
    ASSERT_EQ(service_.canary(), "5 %: good 1.1.0");
  }
  void end_canary() {
    while (!service_.canary().empty()) {
      std::this_thread::sleep_until(*reconciler_->next_chores());
      reconciler_->do_chores();
    }
  }
};

TEST_F(ReconcilerCanaryTest, GoesOnWhenSomethingElseComesWhichIsNext) {
  begin();
  configure("currency", "{}");
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(service_.canary(), "5 %: good 1.1.0");
  EXPECT_THAT(reason_of("currency"), HasSubstr("waiting: it waits for release 2, a canary, which gets 5 % of the"));
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_THAT(plan.steps[0].reason + plan.steps[1].reason, HasSubstr("; it waits for release 2"));
  EXPECT_THAT(plan.steps[0].reason + plan.steps[1].reason, HasSubstr("already, as release 2"));

  end_canary();
  EXPECT_EQ(service_.published(), "good 1.1.0");
  ASSERT_TRUE(reconciler_->next_look().has_value());
  EXPECT_EQ(pass(), "good 1.1.0 currency 1.0.0");
}

TEST_F(ReconcilerCanaryTest, IsGivenUpWhenWhatItBringsIsNotWantedAnyMore) {
  begin();
  configure("good", R"({"version": "1.0.0"})");
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(service_.canary(), "");
}

TEST_F(ReconcilerCanaryTest, IsGivenUpWhenItsPluginIsDisabled) {
  begin();
  EXPECT_EQ(pass_with({"currency"}), "currency 1.0.0");
  EXPECT_EQ(service_.canary(), "");
}

TEST_F(ReconcilerCanaryTest, AnApplyBeginsAnewWithAll) {
  begin();
  configure("currency", "{}");
  ASSERT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::canary);
  EXPECT_THAT(service_.canary(), HasSubstr("currency 1.0.0"));
  EXPECT_THAT(service_.canary(), HasSubstr("good 1.1.0"));
}

}  // namespace
}  // namespace mortise::release
