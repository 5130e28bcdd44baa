// Start order: a plugin comes after the plugins that provide what it requires.
#pragma once

#include <string>
#include <vector>

#include "release/desired.hpp"

namespace mortise::release {

struct Order {
  std::vector<Wanted> ordered;
  std::vector<Unmet> refused;  // a required contract without a provider, or a circle; with its path
};

/// Stable: plugins that do not depend on each other keep their order.
Order order_by_contracts(std::vector<Wanted> wanted);

}  // namespace mortise::release
