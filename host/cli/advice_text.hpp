// Advice, for people and for programs.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/advice.hpp"

namespace mortise::cli {

/// With as many digits as an estimate has: "1234", "12.3", "1.23", "0.012".
std::string rounded(double number);

/// Of one plugin, with its methods, or of all when the name is empty. `observation` is what /v1/observe has answered.
void print_advice(const Advice& advice, const CrossingCosts& costs, const nlohmann::ordered_json& observation,
                  const std::string& name, std::ostream& out);

/// All of it, with the observation itself.
nlohmann::ordered_json to_json(const Advice& advice, const CrossingCosts& costs,
                               const nlohmann::ordered_json& observation);

}  // namespace mortise::cli
