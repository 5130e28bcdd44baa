// What runs in the place of what is desired, where the change would cost a running plugin its contracts, or brings
// another form of an event.
#pragma once

#include <vector>

#include "release/desired.hpp"

namespace mortise::release {

/// A running plugin as if it were wanted just so.
Wanted as_it_runs(const std::string& name, const Member& member, std::string why);

/// Looks at those that were refused, for a contract or the form of an event, and run now. A change of their own, or
/// else of whoever provided that contract so far, is taken back in `wanted` and said in `unmet`. False when there was
/// none: then they must stop.
bool take_back_changes(std::vector<Wanted>& wanted, const std::vector<Unmet>& refused, const Members& running,
                       std::vector<Unmet>& unmet);

}  // namespace mortise::release
