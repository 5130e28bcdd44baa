#include "release/trials.hpp"

#include <gmock/gmock.h>

#include <memory>

namespace mortise::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Clock = Trials::Clock;

constexpr std::chrono::milliseconds kQuick{1};
constexpr std::chrono::milliseconds kSlow{50};

runtime::GenerationPtr make(const std::string& name, std::uint64_t number) {
  manifest::Manifest manifest;
  manifest.name = name;
  runtime::GenerationSpec spec;
  spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
  return std::make_shared<runtime::Generation>(number, std::move(spec), std::span<runtime::Service* const>());
}

/// For a minute; a quarter may fail.
config::ProbationConfig after(std::uint64_t requests) {
  config::ProbationConfig limits;
  limits.requests = requests;
  return limits;
}

/// `provider` is on trial; `consumer` calls it, and `stranger` does not.
class TrialsTest : public ::testing::Test {
 protected:
  TrialsTest() { stranger_->watch(kSlow); }
  void begin(config::ProbationConfig limits, unsigned percent_of_others = 100) {
    Trial trial{.release = 2, .subjects = {{provider_, limits}}, .former = {{"provider", {}}}};
    trial.percent_of_others = percent_of_others;
    trials_.begin(std::move(trial), release_, &former_, now_);
  }
  static void answer(const runtime::GenerationPtr& generation, int times, unsigned status = 200,
                     std::chrono::milliseconds duration = kQuick) {
    for (int i = 0; i < times; ++i) generation->traffic()->note_answer(status, duration);
  }
  /// Empty: it has kept to its limits so far.
  std::string judge() {
    const auto verdict = trials_.judge(release_);
    if (!verdict) return {};
    EXPECT_EQ(verdict->trial.release, 2U);
    return verdict->culprit->name() + ": " + verdict->evidence;
  }

  runtime::GenerationPtr provider_ = make("provider", 1);
  runtime::GenerationPtr consumer_ = make("consumer", 2);
  runtime::GenerationPtr stranger_ = make("stranger", 3);
  const runtime::ConePtr stranger_cone_ = std::make_shared<const runtime::Cone>(runtime::Cone{.entry = stranger_});
  const runtime::Release former_{1, {stranger_cone_}};
  const runtime::Release release_{
      2,
      {std::make_shared<const runtime::Cone>(runtime::Cone{.entry = provider_}),
       std::make_shared<const runtime::Cone>(runtime::Cone{
           .entry = consumer_, .reached = std::make_shared<const std::vector<runtime::GenerationPtr>>(1, provider_)}),
       stranger_cone_}};
  Trials trials_;
  Clock::time_point now_ = Clock::now();
};

TEST_F(TrialsTest, ConcludesNothingBeforeThereAreEnoughRequests) {
  begin(after(10));
  answer(provider_, 9, 500);
  EXPECT_EQ(judge(), "");
  answer(provider_, 1);
  EXPECT_EQ(judge(), "provider: 9 of 10 requests failed in it; at most 25 % may");
  EXPECT_FALSE(trials_.next_look()) << "it is over with the verdict";
}

TEST_F(TrialsTest, ToleratesWhatItMay) {
  begin(after(4));
  answer(provider_, 1, 503);
  answer(provider_, 3, 404);
  EXPECT_EQ(judge(), "") << "who asks for what is not there is answered";
  answer(provider_, 1, 500);
  EXPECT_EQ(judge(), "provider: 2 of 5 requests failed in it; at most 25 % may");
}

TEST_F(TrialsTest, CountsTheRequestsOfWhoeverCallsIt) {
  begin(after(10));
  for (int i = 0; i < 6; ++i) provider_->traffic()->note_failed_call();
  answer(stranger_, 100);
  EXPECT_EQ(judge(), "");
  answer(consumer_, 10);
  EXPECT_EQ(judge(), "provider: 6 of 10 requests failed in it; at most 25 % may");
}

TEST_F(TrialsTest, OfACanarysCallersOnlyItsShareCounts) {
  begin(after(10), 10);
  for (int i = 0; i < 5; ++i) provider_->traffic()->note_failed_call();
  answer(consumer_, 99);
  EXPECT_EQ(judge(), "") << "9 of them came through it";
  answer(consumer_, 1);
  EXPECT_EQ(judge(), "provider: 5 of 10 requests failed in it; at most 25 % may");
}

TEST_F(TrialsTest, OneRequestThatFailsInItSeveralTimesIsOne) {
  auto limits = after(10);
  limits.max_error_percent = 99;
  begin(limits);
  for (int i = 0; i < 50; ++i) provider_->traffic()->note_failed_call();
  answer(consumer_, 10);
  EXPECT_EQ(judge(), "provider: 10 of 10 requests failed in it; at most 99 % may");
}

TEST_F(TrialsTest, SlownessCountsWhereItIsLimited) {
  auto limits = after(20);
  limits.max_p95 = kSlow;
  begin(limits);
  answer(provider_, 19);
  answer(provider_, 1, 200, kSlow * 2);
  EXPECT_EQ(judge(), "") << "one of twenty may";
  answer(provider_, 1, 200, kSlow * 2);
  EXPECT_EQ(judge(), "provider: 2 of 21 requests took longer than 50ms; at most 5 % may");
}

TEST_F(TrialsTest, WhatWasBeforeDoesNotCount) {
  provider_->watch(kSlow);
  consumer_->watch(kSlow);
  answer(provider_, 50, 500);
  answer(consumer_, 50);
  begin(after(10));
  answer(provider_, 10);
  EXPECT_EQ(judge(), "");
}

TEST_F(TrialsTest, EndsWellWhenItsTimeIsOver) {
  begin(after(20));
  EXPECT_EQ(trials_.describe(*provider_), "on trial with release 2");
  EXPECT_EQ(trials_.describe(*consumer_), "");
  EXPECT_THAT(trials_.end_passed(now_ + std::chrono::seconds(59)), IsEmpty());
  EXPECT_THAT(trials_.end_passed(now_ + std::chrono::seconds(60)), ElementsAre(2U));
  EXPECT_EQ(trials_.describe(*provider_), "");
}

TEST_F(TrialsTest, ALaterReleaseTakesItsPluginsOut) {
  begin(after(10));
  trials_.begin({.release = 3, .subjects = {}, .former = {{"provider", {}}}}, release_, nullptr, now_);
  answer(provider_, 10, 500);
  EXPECT_EQ(judge(), "");
  EXPECT_FALSE(trials_.next_look());
}

TEST_F(TrialsTest, IsStoredWithWhatItHasChangedAndUntilWhen) {
  const auto before = std::chrono::system_clock::now() + std::chrono::seconds(60);
  const auto stored =
      to_stored({.release = 2, .subjects = {{provider_, after(20)}}, .former = {{"provider", {}}, {"stranger", {}}}});
  EXPECT_EQ(stored.release, 2U);
  EXPECT_EQ(stored.plugins.at("provider").generation, 1U);
  EXPECT_GE(std::chrono::milliseconds(stored.plugins.at("provider").until_ms) + std::chrono::milliseconds(1),
            before.time_since_epoch());
  EXPECT_EQ(stored.plugins.at("stranger").generation, 0U);
  EXPECT_THAT(to_stored({.release = 2, .subjects = {}, .former = {{"provider", {}}}}).plugins, IsEmpty())
      << "nobody is on trial";
}

}  // namespace
}  // namespace mortise::release
