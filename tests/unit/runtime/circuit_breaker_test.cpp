#include "runtime/circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace mortise::runtime {
namespace {

using namespace std::chrono_literals;
using Admission = CircuitBreaker::Admission;
using Outcome = CircuitBreaker::Outcome;
using State = CircuitBreaker::State;

class CircuitBreakerTest : public ::testing::Test {
 protected:
  CircuitBreakerTest() {
    breaker_.set({.requests = 10, .max_error_percent = 50, .window = 10s, .open_for = 5s, .probes = 2});
  }
  void note(int failures, int successes) {
    for (int i = 0; i < failures; ++i) breaker_.note(true, now_);
    for (int i = 0; i < successes; ++i) breaker_.note(false, now_);
  }
  Admission admit() { return breaker_.admit(now_); }
  void open() {
    note(10, 0);
    ASSERT_EQ(breaker_.state(now_), State::open);
  }

  CircuitBreaker::Time now_{1h};
  CircuitBreaker breaker_;
};

TEST_F(CircuitBreakerTest, IsClosedAndQuietWhileNothingFails) {
  note(0, 1000);
  EXPECT_EQ(breaker_.state(now_), State::closed);
  EXPECT_TRUE(breaker_.is_quiet());
  EXPECT_EQ(admit(), Admission::pass);
}

TEST_F(CircuitBreakerTest, OpensWhenMoreThanTheShareOfEnoughRequestsHasFailed) {
  note(5, 4);
  EXPECT_EQ(breaker_.state(now_), State::closed) << "nine are too few to conclude anything";
  EXPECT_FALSE(breaker_.is_quiet());
  EXPECT_FALSE(breaker_.note(false, now_)) << "half of them may fail";
  EXPECT_TRUE(breaker_.note(true, now_)) << "six of eleven are more than half";
  EXPECT_EQ(breaker_.state(now_), State::open);
  EXPECT_EQ(breaker_.failures(), 6U);
  EXPECT_EQ(breaker_.answers(), 11U);
}

TEST_F(CircuitBreakerTest, RefusesEverybodyForAWhile) {
  open();
  EXPECT_EQ(breaker_.retry_after(now_), 5s);
  now_ += 4999ms;
  EXPECT_EQ(admit(), Admission::refused);
  EXPECT_EQ(breaker_.retry_after(now_), 1s) << "a part of a second is one";
}

TEST_F(CircuitBreakerTest, LetsOneProbeAfterTheOtherThroughAndClosesWhenEnoughSucceed) {
  open();
  now_ += 5s;
  EXPECT_EQ(admit(), Admission::probe);
  EXPECT_EQ(breaker_.state(now_), State::half_open);
  EXPECT_EQ(admit(), Admission::refused) << "one at a time";
  EXPECT_FALSE(breaker_.end_probe(Outcome::success, now_));
  EXPECT_EQ(admit(), Admission::probe);
  EXPECT_TRUE(breaker_.end_probe(Outcome::success, now_));
  EXPECT_EQ(breaker_.state(now_), State::closed);
  EXPECT_TRUE(breaker_.is_quiet()) << "what has failed before is forgotten";
}

TEST_F(CircuitBreakerTest, IsHalfOpenWhenItsTimeIsOverThoughNobodyAsks) {
  open();
  now_ += 4999ms;
  EXPECT_EQ(breaker_.state(now_), State::open);
  now_ += 1ms;
  EXPECT_EQ(breaker_.state(now_), State::half_open);
}

TEST_F(CircuitBreakerTest, AFailedProbeOpensItAgainForAsLong) {
  open();
  now_ += 5s;
  EXPECT_EQ(admit(), Admission::probe);
  breaker_.end_probe(Outcome::failure, now_);
  EXPECT_EQ(breaker_.state(now_), State::open);
  now_ += 4999ms;
  EXPECT_EQ(admit(), Admission::refused);
  now_ += 1ms;
  EXPECT_EQ(admit(), Admission::probe);
}

TEST_F(CircuitBreakerTest, AProbeOfWhichNothingCameMakesRoomForAnother) {
  open();
  now_ += 5s;
  EXPECT_EQ(admit(), Admission::probe);
  breaker_.end_probe(Outcome::unknown, now_);
  EXPECT_EQ(breaker_.state(now_), State::half_open);
  EXPECT_EQ(admit(), Admission::probe);
}

TEST_F(CircuitBreakerTest, WhatWasLetPassBeforeItOpenedChangesNothing) {
  open();
  now_ += 5s;
  EXPECT_EQ(admit(), Admission::probe);
  note(10, 10);
  EXPECT_EQ(breaker_.state(now_), State::half_open);
}

TEST_F(CircuitBreakerTest, AWindowThatIsOverCountsNoMore) {
  note(9, 0);
  now_ += 10001ms;
  note(0, 1);
  EXPECT_TRUE(breaker_.is_quiet());
  note(9, 0);
  now_ += 10001ms;
  note(1, 0);
  EXPECT_EQ(breaker_.state(now_), State::closed) << "one of one in the new window";
  EXPECT_FALSE(breaker_.is_quiet());
}

TEST_F(CircuitBreakerTest, AHundredPercentNeverOpensIt) {
  breaker_.set({.requests = 1, .max_error_percent = 100, .window = 10s, .open_for = 5s, .probes = 1});
  note(1000, 0);
  EXPECT_EQ(breaker_.state(now_), State::closed);
}

TEST_F(CircuitBreakerTest, ASuccessNeverOpensIt) {
  note(9, 0);
  EXPECT_FALSE(breaker_.note(false, now_));
  EXPECT_EQ(breaker_.state(now_), State::closed) << "nine of ten have failed, but it answers again";
  EXPECT_TRUE(breaker_.note(true, now_));
}

TEST_F(CircuitBreakerTest, ClosingForgetsWhatHasFailed) {
  open();
  breaker_.close();
  EXPECT_EQ(admit(), Admission::pass);
  note(9, 0);
  EXPECT_EQ(breaker_.state(now_), State::closed);
}

TEST_F(CircuitBreakerTest, LimitsCountFromTheNextAnswerOn) {
  note(9, 0);
  breaker_.set({.requests = 5, .max_error_percent = 50, .window = 10s, .open_for = 1s, .probes = 1});
  EXPECT_TRUE(breaker_.note(true, now_));
  now_ += 1s;
  EXPECT_EQ(admit(), Admission::probe);
}

}  // namespace
}  // namespace mortise::runtime
