#include "cli/advice.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/advice_text.hpp"
#include "cli/json_fields.hpp"

namespace mortise::cli {
namespace {

using Document = nlohmann::ordered_json;

constexpr std::array kPlacements{"inline", "isolated", "remote"};
// Of a core: what nobody notices, and what is a reason not to.
constexpr double kLittlePercent = 1;
constexpr double kMuchPercent = 10;

struct Sum {
  double calls = 0;
  double time_ns = 0;
};

struct Plugin {
  std::string placement;
  double requests = 0;  // to its own routes
  Sum in;
  Sum out;
};

std::map<std::string, Plugin> read_plugins(const Document& observation) {
  std::map<std::string, Plugin> plugins;
  for (const auto& one : objects_of(observation, "plugins")) {
    auto& plugin = plugins[text_of(one, "name")];
    plugin.placement = text_of(one, "placement");
    plugin.requests = static_cast<double>(number_of(one, "requests"));
  }
  for (const auto& pair : objects_of(observation, "calls")) {
    for (const auto& method : objects_of(pair, "methods")) {
      for (auto* sum : {&plugins[text_of(pair, "provider")].in, &plugins[text_of(pair, "consumer")].out}) {
        sum->calls += static_cast<double>(number_of(method, "calls"));
        sum->time_ns += static_cast<double>(number_of(method, "time_ns"));
      }
    }
  }
  return plugins;
}

CallRate rate_of(const Sum& sum, const Advice& advice) {
  CallRate rate;
  rate.per_s = sum.calls / advice.window_s;
  if (advice.requests > 0) rate.per_request = sum.calls / static_cast<double>(advice.requests);
  if (sum.calls > 0) rate.mean_us = sum.time_ns / sum.calls / 1000;
  return rate;
}

/// What it takes to get there and back, of everything that enters or leaves the plugin. Another host's plugin calls and
/// is called by its users there.
double crossings_of(const Plugin& plugin, const std::string& placement) {
  if (placement == "isolated") return plugin.in.calls + plugin.out.calls + plugin.requests;
  return placement == "remote" ? plugin.in.calls : 0;
}

std::string say(double percent) {
  if (percent >= 100) return rounded(percent / 100) + " cores";
  return percent < 0.1 ? "less than 0.1 % of a core" : rounded(percent) + " % of a core";
}

std::string judge(const Plugin& plugin, const Move& move) {
  const auto percent = std::abs(move.processor_ms_per_s) / 10;
  std::string verdict;
  if (move.processor_ms_per_s < 0) {
    verdict = (percent < kLittlePercent ? "saves little: " : "saves ") + say(percent);
  } else if (percent < kLittlePercent) {
    verdict = "costs little: " + say(percent);
  } else if (percent < kMuchPercent) {
    verdict = "costs " + say(percent) + ": do it where there is a reason";
  } else {
    verdict = "dear: " + say(percent) + " for crossings alone; have its contracts take lists, or leave it";
  }
  if (move.to != "remote") return verdict;
  if (plugin.out.calls > 0) verdict += "; what it calls must run there, too";
  if (plugin.requests > 0) verdict += "; its users must go there";
  return verdict;
}

Move make_move(const Plugin& plugin, const std::string& to, const Advice& advice, const CrossingCosts& costs) {
  Move move;
  move.to = to;
  const auto add = [&](const std::string& placement, double sign) {
    const auto& cost = placement == "remote" ? costs.remote : costs.isolated;
    const auto crossings = sign * crossings_of(plugin, placement);
    move.processor_ms_per_s += crossings * cost.processor_us / 1000 / advice.window_s;
    if (advice.requests > 0) {
      move.latency_us_per_request += crossings * cost.wall_us / static_cast<double>(advice.requests);
    }
  };
  add(to, 1);
  add(plugin.placement, -1);
  move.verdict = judge(plugin, move);
  return move;
}

}  // namespace

Advice advise(const Document& observation, const CrossingCosts& costs) {
  Advice advice;
  advice.window_s = static_cast<double>(std::max<std::uint64_t>(number_of(observation, "window_ms"), 1)) / 1000;
  advice.requests = number_of(observation, "requests");
  for (const auto& [name, plugin] : read_plugins(observation)) {
    advice.calls += static_cast<std::uint64_t>(plugin.in.calls);
    if (plugin.placement.empty()) continue;  // it does not run any more
    PluginAdvice one{.name = name,
                     .placement = plugin.placement,
                     .requests_per_s = plugin.requests / advice.window_s,
                     .in = rate_of(plugin.in, advice),
                     .out = rate_of(plugin.out, advice),
                     .moves = {},
                     .verdict = {}};
    if (plugin.in.calls + plugin.out.calls + plugin.requests > 0) {
      for (const std::string to : kPlacements) {
        if (to != plugin.placement) one.moves.push_back(make_move(plugin, to, advice, costs));
      }
    } else {
      one.verdict = "no calls in " + rounded(advice.window_s) + " s; let users use it and ask again";
    }
    advice.plugins.push_back(std::move(one));
  }
  return advice;
}

}  // namespace mortise::cli
