// From the desired state to what has to be done for it.
#pragma once

#include "release/desired.hpp"
#include "release/plan.hpp"

namespace mortise::release {

/// Changes nothing. Time: that of one walk over the plugins and their contracts, and over whom each step affects.
Plan make_plan(const Desired& desired, const Members& running);

}  // namespace mortise::release
