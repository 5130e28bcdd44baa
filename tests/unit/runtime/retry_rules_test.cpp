#include "runtime/retry_rules.hpp"

#include <gtest/gtest.h>

#include <set>

namespace mortise::runtime {
namespace {

using std::chrono::milliseconds;

TEST(RetryRules, PausesGrowUpToTheLongest) {
  const RetryRules rules{.attempts = 8, .first_pause = milliseconds(100), .longest_pause = milliseconds(60000)};
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(rules.pause_after(1), milliseconds(80));
    EXPECT_LE(rules.pause_after(1), milliseconds(120));
    EXPECT_GE(rules.pause_after(3), milliseconds(720));
    EXPECT_LE(rules.pause_after(3), milliseconds(1080));
    EXPECT_GE(rules.pause_after(1000), milliseconds(48000));
    EXPECT_LE(rules.pause_after(1000), milliseconds(72000));
  }
}

TEST(RetryRules, WhatHasFailedTogetherDoesNotComeTogether) {
  const RetryRules rules{.attempts = 8, .first_pause = milliseconds(1000), .longest_pause = milliseconds(60000)};
  std::set<milliseconds> pauses;
  for (int i = 0; i < 100; ++i) pauses.insert(rules.pause_after(1));
  EXPECT_GT(pauses.size(), 50U);
}

}  // namespace
}  // namespace mortise::runtime
