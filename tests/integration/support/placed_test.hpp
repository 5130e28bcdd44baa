// For what must be the same wherever a plugin runs: each test once with its plugins in the host process, and once in
// processes of their own.
#pragma once

#include <string>

#include "support/host_test.hpp"

namespace mortise::integration {

class PlacedTest : public HostTest, public ::testing::WithParamInterface<const char*> {
 protected:
  PlacedTest() { prefix_.place(GetParam()); }
};

inline std::string placement_name(const ::testing::TestParamInfo<const char*>& placement) { return placement.param; }

/// The fixture's tests, which are TEST_Ps, for each placement.
#define MORTISE_BOTH_PLACEMENTS(fixture) \
  INSTANTIATE_TEST_SUITE_P(Placed, fixture, ::testing::Values("inline", "isolated"), placement_name)

}  // namespace mortise::integration
