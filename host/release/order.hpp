// Start order: a plugin comes after the plugins that provide what it requires.
#pragma once

#include <string>
#include <vector>

#include "release/desired.hpp"

namespace mortise::release {

/// A verified file that was not chosen to run; what a refusal can point to.
struct Spare {
  catalog::RecordPtr record;
  bool is_enabled = false;  // its plugin is, but another file was chosen, or none
};

struct Order {
  std::vector<Wanted> ordered;
  std::vector<Unmet> refused;  // a required contract without a provider that will do, or a circle; with its path
};

/// Stable: plugins that do not depend on each other keep their order. A plugin starts when each contract that it cannot
/// do without has a provider that starts before it and will do: of the right name, in the range, with the methods that
/// the consumer was built with. Optional requirements order the start as far as they close no circle.
Order order_by_contracts(std::vector<Wanted> wanted, const std::vector<Spare>& spares = {});

}  // namespace mortise::release
