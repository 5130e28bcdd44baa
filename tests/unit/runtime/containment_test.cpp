#include "runtime/containment.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;
using Admission = Containment::Admission;
using State = CircuitBreaker::State;

class ContainmentTest : public ::testing::Test {
 protected:
  Admission admit() {
    auto& pass = passes_.emplace_back();
    return containment_.admit(pass, now_, [this] { return [this] { ++turns_; }; });
  }
  void answer(unsigned status, int count = 1) {
    for (int i = 0; i < count; ++i) {
      Containment::Pass pass;
      containment_.note_answer(pass, status, now_);
    }
  }
  [[nodiscard]] ContainmentReport report() const { return containment_.report(now_); }

  Containment::Time now_{1h};
  Containment containment_{"test", "1"};
  std::deque<Containment::Pass> passes_;
  int turns_ = 0;
};

TEST_F(ContainmentTest, AHealthyPluginWithoutALimitIsNotActive) {
  EXPECT_FALSE(containment_.is_active());
  answer(200, 100);
  answer(404, 100);
  EXPECT_FALSE(containment_.is_active());
  EXPECT_EQ(report().failures, 0U);
  EXPECT_EQ(report().degraded, "");
}

TEST_F(ContainmentTest, AConcurrencyLimitMakesItActiveAndTakesEffectOnTheNext) {
  containment_.set({.concurrency = 1, .queue = 1});
  EXPECT_TRUE(containment_.is_active());
  EXPECT_EQ(admit(), Admission::inside);
  EXPECT_EQ(admit(), Admission::waiting);
  EXPECT_EQ(admit(), Admission::full);
  EXPECT_EQ(report().in_flight, 1U);
  EXPECT_EQ(report().waiting, 1U);
  EXPECT_EQ(report().rejected, 1U);
  containment_.leave(passes_[0]);
  EXPECT_EQ(turns_, 1);
  containment_.leave(passes_[1]);
  EXPECT_EQ(report().in_flight, 0U);
  containment_.set({});
  EXPECT_FALSE(containment_.is_active());
}

TEST_F(ContainmentTest, WhoGivesUpWaitingLeavesNoTrace) {
  containment_.set({.concurrency = 1, .queue = 1});
  admit();
  admit();
  EXPECT_TRUE(containment_.withdraw(passes_[1]));
  containment_.leave(passes_[1]);
  EXPECT_EQ(report().in_flight, 1U) << "the place of the other";
  EXPECT_EQ(report().rejected, 1U);
  containment_.leave(passes_[0]);
  EXPECT_EQ(turns_, 0);
}

TEST_F(ContainmentTest, FailuresOpenTheCircuitAndProbesCloseIt) {
  containment_.set({.circuit = {.requests = 4, .open_for = 2s, .probes = 1}});
  answer(500, 4);
  EXPECT_EQ(report().circuit, State::open);
  EXPECT_EQ(report().degraded, "its circuit is open: 4 of 4 requests failed; it is tried again in 2 s");
  EXPECT_EQ(admit(), Admission::broken);
  EXPECT_EQ(report().short_circuited, 1U);
  EXPECT_EQ(containment_.retry_after(now_), 2s);
  now_ += 2s;
  EXPECT_EQ(report().circuit, State::half_open);
  EXPECT_EQ(
      report().degraded,
      "its circuit is half-open: 4 of 4 requests failed; single requests are let through to see whether it answers "
      "again");
  EXPECT_EQ(admit(), Admission::inside);
  EXPECT_EQ(report().circuit, State::half_open);
  EXPECT_EQ(admit(), Admission::broken);
  containment_.note_answer(passes_[1], 200, now_);
  containment_.leave(passes_[1]);
  EXPECT_EQ(report().circuit, State::closed);
  EXPECT_EQ(report().circuit_opened, 1U);
  EXPECT_EQ(report().degraded, "");
  EXPECT_FALSE(containment_.is_active());
}

TEST_F(ContainmentTest, AProbeWhoseClientWentMakesRoomForTheNext) {
  containment_.set({.circuit = {.requests = 1, .open_for = 2s}});
  answer(503);
  now_ += 2s;
  EXPECT_EQ(admit(), Admission::inside);
  containment_.leave(passes_[0]);
  EXPECT_EQ(admit(), Admission::inside);
}

TEST_F(ContainmentTest, AHandlerPastItsDeadlineIsAFailureAndStuckUntilItReturns) {
  containment_.set({.circuit = {.requests = 2}});
  Containment::Pass inside;
  Containment::Pass deferred;
  containment_.note_timeout(inside, true, now_);
  containment_.note_timeout(deferred, false, now_);
  EXPECT_EQ(report().timeouts, 2U);
  EXPECT_EQ(report().failures, 2U);
  EXPECT_EQ(report().stuck, 1U);
  EXPECT_EQ(
      report().degraded,
      "its circuit is open: 2 of 2 requests failed; it is tried again in 5 s. 1 handler runs on past the deadline");
  containment_.leave(inside);
  EXPECT_EQ(report().stuck, 0U);
}

}  // namespace
}  // namespace mortise::runtime
