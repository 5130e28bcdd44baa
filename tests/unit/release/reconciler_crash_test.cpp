// What follows from a crash of the host for who is to blame, and is not on trial.
#include <gmock/gmock.h>

#include "reconciler_fixture.hpp"
#include "release/crash_policy.hpp"

namespace mortise::release {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(CrashPolicy, RestartsFewerThanThreeInTheWindow) {
  EXPECT_TRUE(is_to_be_quarantined(config::OnCrash::quarantine, 1));
  EXPECT_FALSE(is_to_be_quarantined(config::OnCrash::restart, 2));
  EXPECT_TRUE(is_to_be_quarantined(config::OnCrash::restart, 3));
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

}  // namespace
}  // namespace mortise::release
