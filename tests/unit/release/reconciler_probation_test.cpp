// Versions that are isolated until they have served enough requests without a fault.
#include <gmock/gmock.h>

#include "reconciler_fixture.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr const char* kTwenty = R"({"placement": {"probation": {"requests": 20}}})";

class ReconcilerProbationTest : public testing::ReconcilerTest {
 protected:
  void begin(const std::string& plugin) {
    configure(plugin, kTwenty);
    pass();
    reconciler_->do_chores();  // counts from here on
  }
  /// Of requests to its routes, and has the reconciler look.
  void answer(const std::string& plugin, int requests, unsigned status = 200) {
    auto* const traffic = service_.find(plugin)->traffic();
    ASSERT_NE(traffic, nullptr) << "nobody counts";
    for (int i = 0; i < requests; ++i) traffic->note_answer(status, std::chrono::milliseconds(1));
    reconciler_->do_chores();
    retire();
  }
  PluginStatus::IsolatedBy isolated_by(const std::string& plugin) { return status_of(plugin).isolated_by; }
};

TEST_F(ReconcilerProbationTest, ANewVersionIsIsolatedUntilItHasServedEnough) {
  begin("good");
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation);
  EXPECT_EQ(reason_of("good"), "active: in probation: 0 of 20 requests");
  answer("good", 19);
  EXPECT_EQ(reason_of("good"), "active: in probation: 19 of 20 requests");
  EXPECT_EQ(status_of("good").probation.served, 19U);
  const auto generation = status_of("good").generation;
  answer("good", 1);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  EXPECT_GT(status_of("good").generation, generation);
  const auto last = reconciler_->history(1)->front();
  EXPECT_EQ(last.who, "the host");
  EXPECT_THAT(last.what, HasSubstr("passed its probation: 20 requests without a fault"));
  EXPECT_EQ(last.changes.size(), 1U);
  const auto release = reconciler_->status().release;
  pass();
  restart();
  EXPECT_EQ(reconciler_->status().release, release);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
}

TEST_F(ReconcilerProbationTest, AFaultBeginsItAnew) {
  begin("good");
  answer("good", 15);
  answer("good", 1, 500);
  EXPECT_EQ(reason_of("good"), "active: in probation: 0 of 20 requests");
  answer("good", 19);
  EXPECT_EQ(reason_of("good"), "active: in probation: 19 of 20 requests");
  service_.find("good")->traffic()->note_failed_call();
  answer("good", 5);
  EXPECT_EQ(reason_of("good"), "active: in probation: 0 of 20 requests") << "other plugins' calls count, too";
  answer("good", 20);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
}

TEST_F(ReconcilerProbationTest, ACrashBeginsItAnew) {
  begin("good");
  answer("good", 15);
  const auto running = status_of("good");
  reconciler_->count_worker({.pid = 101,
                             .time_ms = 1'700'000'000'000,
                             .signal = "SIGSEGV",
                             .plugin = "good",
                             .generation = running.generation,
                             .sha256 = running.sha256});
  EXPECT_EQ(reason_of("good"), "active: in probation: 0 of 20 requests");
  answer("good", 19);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation);
}

TEST_F(ReconcilerProbationTest, WhoHasPassedIsInlineAtOnceAndAnotherVersionIsNot) {
  begin("good");
  answer("good", 20);
  enable({});
  ASSERT_EQ(pass(), "");
  restart();
  configure("good", kTwenty);
  ASSERT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  drop("good-1.1");
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_THAT(plan.steps[0].reason, HasSubstr("; isolated, since it is in probation for 20 requests"));
  ASSERT_EQ(pass(), "good 1.1.0");
  EXPECT_THAT(reason_of("good"), StartsWith("active: in probation: 0 of 20 requests; on trial with release "));
}

TEST_F(ReconcilerProbationTest, WhatRunsInlineIsNoNewVersion) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  configure("good", kTwenty);
  EXPECT_TRUE(reconciler_->plan().is_empty());
  pass();
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  enable({});
  pass();
  configure("good", kTwenty);
  pass();
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody) << "and that is remembered";
}

TEST_F(ReconcilerProbationTest, WithoutRoutesItIsKnownByWhatComesThroughOthers) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  drop("currency-1.1-appended");
  begin("currency");
  ASSERT_EQ(isolated_by("currency"), PluginStatus::IsolatedBy::probation);
  answer("shop", 19);
  EXPECT_THAT(reason_of("currency"), HasSubstr("in probation: 19 of 20 requests"));
  answer("shop", 40, 503);
  EXPECT_THAT(reason_of("currency"), HasSubstr("in probation: 19 of 20 requests")) << "those prove nothing";
  answer("shop", 1);
  EXPECT_EQ(isolated_by("currency"), PluginStatus::IsolatedBy::nobody);
}

TEST_F(ReconcilerProbationTest, MovesByItselfAlsoWhereTheAdminIsAskedButBringsNothingElse) {
  applies_by_itself_ = false;
  restart();
  configure("good", kTwenty);
  reconciler_->apply("root (uid 0)");
  reconciler_->do_chores();
  ASSERT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation);
  configure("currency", "{}");
  answer("good", 20);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  EXPECT_EQ(service_.published(), "good 1.0.0") << "the rest waits for an apply";
}

TEST_F(ReconcilerProbationTest, WhereTheAdminIsAskedAnEditOfTheConfigKeepsItWhereItIs) {
  applies_by_itself_ = false;
  restart();
  drop("takes-config");
  configure("takes-config", kTwenty);
  reconciler_->apply("root (uid 0)");
  reconciler_->do_chores();
  const auto release = reconciler_->status().release;
  configure("takes-config", R"({"placement": {"probation": {"requests": 20}}, "config": {"greeting": "hi"}})");
  answer("takes-config", 20);
  EXPECT_EQ(reconciler_->status().release, release);
  EXPECT_EQ(isolated_by("takes-config"), PluginStatus::IsolatedBy::probation);
  EXPECT_THAT(reason_of("takes-config"), HasSubstr("may run inline; run `mortise apply`"));
  EXPECT_EQ(reconciler_->apply("root (uid 0)").result, Outcome::Result::applied);
  EXPECT_EQ(isolated_by("takes-config"), PluginStatus::IsolatedBy::nobody);
}

TEST_F(ReconcilerProbationTest, AMoveThatIsACanaryIsNotGivenUpForTheNextOne) {
  constexpr const char* kWithCanary =
      R"({"placement": {"probation": {"requests": 20}}, "canary": {"percent": 5, "for": "1h"}})";
  configure("currency", kWithCanary);
  configure("good", kTwenty);
  pass();
  reconciler_->do_chores();
  for (const auto* name : {"currency", "good"}) {
    for (int i = 0; i < 20; ++i) service_.find(name)->traffic()->note_answer(200, std::chrono::milliseconds(1));
  }
  reconciler_->do_chores();
  EXPECT_THAT(service_.canary(), HasSubstr("currency 1.0.0")) << "which the other one's move has not ended";
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation) << "its move comes after the canary";
}

TEST_F(ReconcilerProbationTest, AMoveLeavesAFailedReleaseHeldBack) {
  begin("good");
  drop("init-fails");
  configure("init-fails", "{}");
  configure("currency", "{}");
  ASSERT_EQ(pass(), "good 1.0.0");
  ASSERT_THAT(reason_of("currency"), HasSubstr("held back with release "));
  answer("good", 20);
  ASSERT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  EXPECT_EQ(pass(), "good 1.0.0");
  EXPECT_THAT(reason_of("currency"), HasSubstr("held back with release "));
}

TEST_F(ReconcilerProbationTest, AMoveThatDoesNotDoGoesBackAndIsNotTriedAgain) {
  begin("good");
  answer("good", 20);
  ASSERT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody);
  answer("good", 20, 500);
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation);
  EXPECT_THAT(reason_of("good"), HasSubstr("did not pass its trial"));
  EXPECT_EQ(status_of("good").probation.requests, 0U) << "nothing counts what leads nowhere";
  const auto release = reconciler_->status().release;
  pass();
  reconciler_->do_chores();
  restart();
  pass();
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::probation);
  EXPECT_EQ(reconciler_->status().release, release);
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  EXPECT_EQ(isolated_by("good"), PluginStatus::IsolatedBy::nobody) << "it has passed before";
}

}  // namespace
}  // namespace mortise::release
