#include "cli/crossing_cost.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <cerrno>

namespace mortise::cli {
namespace {

TEST(CrossingCost, HasBothSidesWorkAndLeavesNoProcessBehind) {
  const auto costs = measure_crossings();
  ASSERT_TRUE(costs) << costs.error().message;
  for (const auto& cost : {costs->isolated, costs->remote}) {
    EXPECT_GT(cost.wall_us, 0);
    EXPECT_GT(cost.processor_us, 0);
    EXPECT_LT(cost.wall_us, 100'000);
  }
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace mortise::cli
