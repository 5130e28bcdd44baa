// Events of one topic have one form: whoever publishes or hears it was built with the same.
#pragma once

#include <vector>

#include "release/desired.hpp"

namespace mortise::release {

/// Takes those out of `wanted` whose form of a topic is another than that of the plugins which run on as they are, or
/// else of the first that has it; and says so of each.
std::vector<Unmet> refuse_other_forms(std::vector<Wanted>& wanted, const Members& running);

}  // namespace mortise::release
