// Observations: what they publish, what they leave alone, and what they make way for.
#include <gmock/gmock.h>

#include <thread>

#include "reconciler_fixture.hpp"

namespace mortise::release {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class ReconcilerObservationTest : public testing::ReconcilerTest {
 protected:
  ObservationResult begin(std::chrono::milliseconds duration = std::chrono::minutes(5)) {
    const auto begun = reconciler_->begin_observation(duration, "root (uid 0)");
    EXPECT_TRUE(begun) << begun.error().message;
    return begun->result;
  }
  static bool is_over(const ObservationResult& result) {
    return result.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  }
  base::Error refusal() {
    const auto begun = reconciler_->begin_observation(std::chrono::minutes(5), "root (uid 0)");
    EXPECT_FALSE(begun);
    return begun ? base::Error{} : begun.error();
  }
};

TEST_F(ReconcilerObservationTest, IsNoReleaseAndStartsNothing) {
  ASSERT_EQ(pass_with({"currency", "shop"}), "currency 1.0.0 shop 1.0.0");
  const auto generation = status_of("shop").generation;
  const auto release = reconciler_->status().release;
  const auto history = reconciler_->history(10)->size();
  const auto result = begin(std::chrono::milliseconds(1));
  EXPECT_EQ(service_.published(), "currency 1.0.0 shop 1.0.0");
  while (!is_over(result)) {
    std::this_thread::sleep_until(*reconciler_->next_chores());
    reconciler_->do_chores();
  }
  const auto& report = *result.get();
  EXPECT_EQ(report.ended_early, "");
  EXPECT_GE(report.window, std::chrono::milliseconds(1));
  ASSERT_THAT(report.plugins, SizeIs(2));
  EXPECT_EQ(report.plugins[0].status.name, "currency");
  // They are in C, and call each other in this process alone.
  ASSERT_THAT(report.unobserved, SizeIs(1));
  EXPECT_EQ(report.unobserved[0].pair, (runtime::CallPair{"shop", "currency", "zoo.currency/1"}));
  EXPECT_EQ(status_of("shop").generation, generation);
  EXPECT_EQ(reconciler_->status().release, release);
  EXPECT_THAT(*reconciler_->history(10), SizeIs(history));
}

TEST_F(ReconcilerObservationTest, CountsAnswersFromItsBeginningOnAlsoOfWhoComesMeanwhile) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  service_.find("good")->watch(runtime::Traffic::Duration::max());
  service_.find("good")->traffic()->note_answer(200, {});
  const auto result = begin();
  service_.find("good")->traffic()->note_answer(200, {});
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  for (int i = 0; i < 2; ++i) service_.find("good")->traffic()->note_answer(500, {});
  reconciler_->end_observation("enough");
  const auto& report = *result.get();
  EXPECT_EQ(report.requests, 3U);
  ASSERT_THAT(report.plugins, SizeIs(1));
  EXPECT_EQ(report.plugins[0].requests, 3U);
  EXPECT_EQ(report.plugins[0].status.version, "1.1.0");
}

TEST_F(ReconcilerObservationTest, AFormerGenerationIsRetiredWhileItGoesOn) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  const auto result = begin();
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  EXPECT_EQ(reconciler_->drains().count(), 0U);
  EXPECT_FALSE(is_over(result));
}

TEST_F(ReconcilerObservationTest, ThereIsOneAtATime) {
  const auto first = reconciler_->begin_observation(std::chrono::minutes(5), "root (uid 0)");
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal().code, base::ErrorCode::already_exists);
  reconciler_->end_observation("enough");
  EXPECT_EQ(first->result.get()->ended_early, "enough");
  const auto second = begin();
  reconciler_->end_observation(first->number, "its client has gone");
  EXPECT_FALSE(is_over(second)) << "the end of one is not that of the next";
}

TEST_F(ReconcilerObservationTest, DoesNotBeginBesideACanaryAndEndsWhenOneBegins) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  const auto result = begin();
  drop("good-1.1");
  configure("good", R"({"canary": {"percent": 5, "for": "1h"}})");
  ASSERT_EQ(pass(), "good 1.0.0");
  EXPECT_EQ(service_.canary(), "5 %: good 1.1.0");
  EXPECT_EQ(result.get()->ended_early, "release 2 began as a canary");
  const auto refused = refusal();
  EXPECT_EQ(refused.code, base::ErrorCode::failed_precondition);
  EXPECT_THAT(refused.message, HasSubstr("release 2, a canary, gets 5 % of the requests"));
  EXPECT_EQ(service_.canary(), "5 %: good 1.1.0");
}

TEST_F(ReconcilerObservationTest, DoesNotBeginWhileAnswersAreTimedOnTrialAndEndsWhenTheyAre) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  const auto result = begin();
  drop("good-1.1");
  configure("good", R"({"probation": {"max_p95": "1h"}})");
  ASSERT_EQ(pass(), "good 1.1.0");
  EXPECT_THAT(result.get()->ended_early, HasSubstr("release 2 came, whose trial limits how long answers take"));
  const auto refused = refusal();
  EXPECT_EQ(refused.code, base::ErrorCode::failed_precondition);
  EXPECT_THAT(refused.message, HasSubstr("'good' is on trial with a limit to how long its answers take"));
}

TEST_F(ReconcilerObservationTest, GoesOnThroughTrialsThatDoNotTimeAnswers) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  const auto result = begin();
  drop("good-1.1");
  ASSERT_EQ(pass(), "good 1.1.0");
  EXPECT_FALSE(is_over(result));
  reconciler_->end_observation("enough");
  begin();
}

TEST_F(ReconcilerObservationTest, EndsWithTheHost) {
  ASSERT_EQ(pass_with({"good"}), "good 1.0.0");
  const auto result = begin();
  restart();
  EXPECT_EQ(result.get().error().code, base::ErrorCode::unavailable);
  EXPECT_EQ(service_.published(), "good 1.0.0");
}

}  // namespace
}  // namespace mortise::release
