// What it would cost to move plugins, worked out from what was observed of their calls and what a crossing costs. An
// estimate from floors, as if calls came one after the other.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/crossing_cost.hpp"

namespace mortise::cli {

/// Calls into a plugin, or out of it.
struct CallRate {
  double per_s = 0;
  double per_request = 0;  // of the host's; 0: there was none
  double mean_us = 0;      // of a call, with all that it calls; 0: there was none
};

/// To another placement than its own.
struct Move {
  std::string to;
  double processor_ms_per_s = 0;      // that it would cost, of a second of wall clock; below 0: save
  double latency_us_per_request = 0;  // likewise, on the average over the host's requests
  std::string verdict;
};

struct PluginAdvice {
  std::string name;
  std::string placement;
  double requests_per_s = 0;  // to its own routes
  CallRate in;
  CallRate out;
  std::vector<Move> moves;
  std::string verdict;  // where nothing can be said of moves
};

struct Advice {
  double window_s = 0;
  std::uint64_t requests = 0;
  std::uint64_t calls = 0;
  std::vector<PluginAdvice> plugins;
};

/// `observation` is what /v1/observe answers.
Advice advise(const nlohmann::ordered_json& observation, const CrossingCosts& costs);

}  // namespace mortise::cli
