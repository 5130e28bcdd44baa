// What the whole host offers to plugins. Only who knows every part can say it; the gate and the commands are handed it.
#pragma once

#include <string>
#include <vector>

namespace mortise {

/// The ids of all interfaces, in alphabetical order.
std::vector<std::string> offered_interfaces();

}  // namespace mortise
