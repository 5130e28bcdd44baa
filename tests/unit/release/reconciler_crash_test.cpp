// What follows from a crash of the host for who is to blame, and is not on trial.
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>

#include "reconciler_fixture.hpp"
#include "release/crash_policy.hpp"

namespace mortise::release {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CrashPolicy, HoldsForFewerThanThreeInTheWindow) {
  using enum config::OnCrash;
  EXPECT_EQ(consequence_of(quarantine, 1), quarantine);
  EXPECT_EQ(consequence_of(restart, 2), restart);
  EXPECT_EQ(consequence_of(restart, 3), quarantine);
  EXPECT_EQ(consequence_of(isolate, 2), isolate);
  EXPECT_EQ(consequence_of(isolate, 3), quarantine);
}

class ReconcilerCrashTest : public testing::ReconcilerTest {
 protected:
  /// The host ends in this plugin's image, and begins anew.
  void crash(const std::string& plugin, std::chrono::milliseconds later = std::chrono::seconds(1)) {
    time_ += later;
    for (const auto& one : reconciler_->status().plugins) {
      if (one.name != plugin || one.state != "active") continue;
      crashes_.push_back({.pid = 77,
                          .time_ms = time_.count(),
                          .signal = "SIGSEGV",
                          .address = "0x8",
                          .plugin = plugin,
                          .generation = one.generation,
                          .sha256 = one.sha256});
    }
    ASSERT_FALSE(crashes_.empty());
    restart();
  }
  CrashStatus crashes_of(const std::string& plugin) {
    for (const auto& one : reconciler_->status().plugins) {
      if (one.name == plugin) return one.crashes;
    }
    return {};
  }

  std::chrono::milliseconds time_{1'700'000'000'000};
};

TEST_F(ReconcilerCrashTest, WhoIsToBlameDoesNotComeBackUntilThePardon) {
  ASSERT_EQ(pass_with({"currency", "good"}), "currency 1.0.0 good 1.0.0");
  crash("good");
  EXPECT_EQ(service_.published(), "currency 1.0.0");
  EXPECT_THAT(reason_of("good"),
              AllOf(StartsWith("quarantined: 'good' 1.0.0 crashed the host: SIGSEGV at 0x8, at 2023-"),
                    HasSubstr("mortise pardon good")));
  EXPECT_EQ(crashes_of("good").count, 1U);
  EXPECT_EQ(pass(), "currency 1.0.0");
  restart();
  EXPECT_EQ(service_.published(), "currency 1.0.0") << "the decision stands in the history";
  EXPECT_EQ(crashes_of("good").signal, "SIGSEGV");
  configure("good", R"({"circuit": {"probes": 7}})");
  EXPECT_EQ(pass(), "currency 1.0.0") << "another config is no other code";
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  EXPECT_EQ(service_.published(), "currency 1.0.0 good 1.0.0");
  EXPECT_EQ(crashes_of("good").count, 0U);
}

TEST_F(ReconcilerCrashTest, AnotherVersionComesByItself) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  ASSERT_EQ(service_.published(), "");
  drop("good-1.1");
  EXPECT_EQ(pass(), "good 1.1.0");
}

TEST_F(ReconcilerCrashTest, WhoNeedsItDoesNotStartWithoutIt) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  crash("currency");
  EXPECT_EQ(pass(), "");
  EXPECT_THAT(reason_of("shop"), HasSubstr("zoo.currency/1: no enabled plugin provides it"));
  ASSERT_TRUE(reconciler_->pardon("currency", "root (uid 0)"));
  EXPECT_EQ(pass(), "currency 1.0.0 shop 1.0.0");
}

TEST_F(ReconcilerCrashTest, TheThirdInFiveMinutesIsOneTooManyForEveryPolicy) {
  enable({"good"});
  configure("good", R"({"on_crash": "restart"})");
  ASSERT_EQ(pass(), "good 1.0.0");
  for (int i = 1; i <= 2; ++i) {
    crash("good");
    EXPECT_EQ(service_.published(), "good 1.0.0");
    EXPECT_EQ(crashes_of("good").count, static_cast<unsigned>(i));
  }
  crash("good");
  EXPECT_EQ(service_.published(), "");
  EXPECT_THAT(reason_of("good"), HasSubstr("3 times in five minutes"));
}

TEST_F(ReconcilerCrashTest, NowAndThenIsNotTooOften) {
  enable({"good"});
  configure("good", R"({"on_crash": "restart"})");
  ASSERT_EQ(pass(), "good 1.0.0");
  for (int i = 0; i < 6; ++i) {
    crash("good", std::chrono::minutes(3));
    EXPECT_EQ(service_.published(), "good 1.0.0");
  }
}

TEST_F(ReconcilerCrashTest, ToldTwiceItCountsOnce) {
  enable({"good"});
  configure("good", R"({"on_crash": "restart"})");
  ASSERT_EQ(pass(), "good 1.0.0");
  for (int i = 0; i < 4; ++i) {
    time_ = std::chrono::milliseconds(1'700'000'000'000);
    crash("good");
  }
  EXPECT_EQ(crashes_of("good").count, 1U);
  EXPECT_EQ(service_.published(), "good 1.0.0");
}

TEST_F(ReconcilerCrashTest, WhatARollbackHasBroughtBackDoesNotComeBackEither) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  ASSERT_EQ(roll_back(), "applied: good 1.0.0");
  crash("good");
  EXPECT_EQ(pass(), "") << "nor does what the admin went back from";
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  EXPECT_EQ(service_.published(), "good 1.0.0");
}

TEST_F(ReconcilerCrashTest, WhenTheHostIsReplacedItStaysOut) {
  ASSERT_EQ(pass_with({"currency", "good"}), "currency 1.0.0 good 1.0.0");
  crash("good");
  restart(Reconciler::Record::later);
  EXPECT_EQ(service_.published(), "currency 1.0.0");
}

class ReconcilerIsolationTest : public ReconcilerCrashTest {
 protected:
  ReconcilerIsolationTest() {
    on_crash_ = config::OnCrash::isolate;
    restart();
  }
  [[nodiscard]] bool is_isolated_for_crash(const std::string& plugin) {
    return status_of(plugin).isolated_by == PluginStatus::IsolatedBy::crash;
  }
};

TEST_F(ReconcilerIsolationTest, WhoIsToBlameComesBackIsolatedUntilThePardon) {
  ASSERT_EQ(pass_with({"currency", "good"}), "currency 1.0.0 good 1.0.0");
  crash("good");
  EXPECT_EQ(service_.published(), "currency 1.0.0 good 1.0.0");
  EXPECT_TRUE(is_isolated_for_crash("good"));
  EXPECT_FALSE(is_isolated_for_crash("currency"));
  EXPECT_THAT(reason_of("good"),
              AllOf(StartsWith("active: isolated, because it crashed the host: SIGSEGV at 0x8, at 2023-"),
                    HasSubstr("`mortise pardon good` brings it back inline")));
  EXPECT_TRUE(reconciler_->plan().is_empty()) << "it is what is asked for";
  EXPECT_THAT(reconciler_->history(1)->front().what, StartsWith("isolation of 'good': it crashed the host"));
  const auto release = reconciler_->status().release;
  restart();
  EXPECT_TRUE(is_isolated_for_crash("good")) << "the decision stands in the history";
  EXPECT_EQ(reconciler_->status().release, release) << "once";
  configure("good", R"({"circuit": {"probes": 7}})");
  pass();
  EXPECT_TRUE(is_isolated_for_crash("good")) << "another config is no other code";
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  EXPECT_FALSE(is_isolated_for_crash("good"));
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::nobody);
  EXPECT_EQ(crashes_of("good").count, 0U);
  EXPECT_FALSE(reconciler_->pardon("good", "root (uid 0)")) << "there is nothing left to pardon";
  restart();
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::nobody);
}

TEST_F(ReconcilerIsolationTest, AnotherVersionComesInline) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  drop("good-1.1");
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_THAT(plan.steps[0].reason, Not(HasSubstr("isolated")));
  EXPECT_EQ(pass(), "good 1.1.0");
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::nobody);
  EXPECT_EQ(roll_back(), "applied: good 1.0.0");
  EXPECT_TRUE(is_isolated_for_crash("good")) << "of the former one it holds on";
}

TEST_F(ReconcilerIsolationTest, WhatHasBeenReplacedIsQuarantinedForACrashWhileItDrains) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  const auto drained = status_of("good");
  ASSERT_EQ(roll_back(), "applied: good 1.0.0");
  crashes_.push_back({.pid = 77,
                      .time_ms = time_.count(),
                      .signal = "SIGSEGV",
                      .address = "0x8",
                      .plugin = "good",
                      .generation = drained.generation,
                      .sha256 = drained.sha256});
  restart();
  EXPECT_EQ(service_.published(), "good 1.0.0");
  EXPECT_EQ(pass(), "good 1.0.0") << "what the admin went back from does not come back unasked";
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::nobody);
  const auto plugins = reconciler_->status().plugins;
  EXPECT_TRUE(std::any_of(plugins.begin(), plugins.end(), [&](const PluginStatus& plugin) {
    return plugin.sha256 == drained.sha256 && plugin.state == "quarantined";
  }));
}

TEST_F(ReconcilerIsolationTest, ARollbackDoesNotBringItInline) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  const auto outcome = reconciler_->rollback(1, "root (uid 0)");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->result, Outcome::Result::unchanged);
  EXPECT_THAT(outcome->reason,
              AllOf(HasSubstr("release 1 differs only in the placement of 'good'"), HasSubstr("mortise pardon good")));
  EXPECT_TRUE(is_isolated_for_crash("good"));
}

TEST_F(ReconcilerIsolationTest, ThePlanSaysWhereItIsToRun) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  enable({});
  ASSERT_EQ(pass(), "");
  enable({"good"});
  const auto plan = reconciler_->plan();
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_THAT(plan.steps[0].reason, HasSubstr("; isolated, since it crashed the host: SIGSEGV at 0x8"));
}

TEST_F(ReconcilerIsolationTest, ItsOwnFileMaySayOtherwise) {
  enable({"good"});
  configure("good", R"({"on_crash": "quarantine"})");
  ASSERT_EQ(pass(), "good 1.0.0");
  crash("good");
  EXPECT_EQ(service_.published(), "");
}

TEST_F(ReconcilerIsolationTest, TheThirdCrashIsOneTooManyWhereverItRan) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  const auto running = status_of("good");
  for (int i = 1; i <= 2; ++i) {
    time_ += std::chrono::seconds(1);
    const bool is_quarantined = reconciler_->count_worker({.pid = 100 + i,
                                                           .time_ms = time_.count(),
                                                           .signal = "SIGABRT",
                                                           .plugin = "good",
                                                           .generation = running.generation,
                                                           .sha256 = running.sha256});
    EXPECT_EQ(is_quarantined, i == 2);
  }
  EXPECT_EQ(pass(), "");
  EXPECT_THAT(reason_of("good"), AllOf(StartsWith("quarantined: "), HasSubstr("3 times in five minutes")));
}

TEST_F(ReconcilerIsolationTest, WhatCrashesOnTrialAfterItsPardonIsHeldWhereItWas) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  const auto inline_again = status_of("good");
  ASSERT_EQ(inline_again.isolated_by, PluginStatus::IsolatedBy::nobody);
  crashes_.push_back({.pid = ::getpid(),
                      .time_ms = time_.count() + 1000,
                      .signal = "SIGSEGV",
                      .address = "0x8",
                      .plugin = "good",
                      .generation = inline_again.generation,
                      .sha256 = inline_again.sha256});
  restart();
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::hold);
  EXPECT_THAT(reason_of("good"), StartsWith("active: held: "));
}

TEST_F(ReconcilerIsolationTest, APardonLeavesItToItsProbation) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  configure("good", R"({"placement": {"probation": {"requests": 20}}})");
  pass();
  ASSERT_TRUE(is_isolated_for_crash("good"));
  ASSERT_TRUE(reconciler_->pardon("good", "root (uid 0)"));
  EXPECT_EQ(status_of("good").isolated_by, PluginStatus::IsolatedBy::probation);
  EXPECT_EQ(reason_of("good"), "active: in probation: 0 of 20 requests");
}

TEST_F(ReconcilerIsolationTest, WhenTheHostIsReplacedItStaysIsolated) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  crash("good");
  restart(Reconciler::Record::later);
  EXPECT_TRUE(is_isolated_for_crash("good"));
}

}  // namespace
}  // namespace mortise::release
