#include "cli/advice_text.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "cli/json_fields.hpp"
#include "cli/table.hpp"

namespace mortise::cli {
namespace {

using Document = nlohmann::ordered_json;
using Table = std::vector<std::vector<std::string>>;

void print_table(const Table& table, std::ostream& out) {
  for (const auto& line : align_columns(table)) out << line << '\n';
}

std::string or_dash(double number) { return number == 0 ? "-" : rounded(number); }

/// "12.3 us", or from a thousand on "1.23 ms".
std::string time_of(double us) { return std::abs(us) < 1000 ? rounded(us) + " us" : rounded(us / 1000) + " ms"; }
std::string mean_of(const CallRate& rate) { return rate.mean_us == 0 ? "-" : time_of(rate.mean_us); }
std::string with_sign(double number, const std::string& text) { return (number < 0 ? "" : "+") + text; }

std::string describe(const CrossingCost& cost) {
  return rounded(cost.wall_us) + " us, " + rounded(cost.processor_us) + " us of processor time";
}

void print_head(const Advice& advice, const CrossingCosts& costs, const Document& observation, std::ostream& out) {
  out << "observed for " << rounded(advice.window_s) << " s: " << advice.requests
      << (advice.requests == 1 ? " request, " : " requests, ") << advice.calls
      << (advice.calls == 1 ? " call between plugins\n" : " calls between plugins\n");
  const auto why = text_of(observation, "ended_early");
  if (!why.empty()) out << "the observation ended early: " << why << '\n';
  out << "a call into another process takes at least " << describe(costs.isolated) << "\n"
      << "a call to another host over loopback TCP takes at least " << describe(costs.remote) << "\n\n";
}

bool is_meant(const PluginAdvice& plugin, const std::string& name) { return name.empty() || plugin.name == name; }

void print_rates(const Advice& advice, const std::string& name, std::ostream& out) {
  Table table{
      {"PLUGIN", "PLACEMENT", "REQUESTS/S", "CALLS IN/S", "A REQUEST", "MEAN TIME", "CALLS OUT/S", "A REQUEST"}};
  for (const auto& plugin : advice.plugins) {
    if (!is_meant(plugin, name)) continue;
    table.push_back({plugin.name, plugin.placement, or_dash(plugin.requests_per_s), or_dash(plugin.in.per_s),
                     or_dash(plugin.in.per_request), mean_of(plugin.in), or_dash(plugin.out.per_s),
                     or_dash(plugin.out.per_request)});
  }
  print_table(table, out);
}

void print_moves(const Advice& advice, const std::string& name, std::ostream& out) {
  Table table{{"PLUGIN", "MOVED", "PROCESSOR", "A REQUEST", "VERDICT"}};
  for (const auto& plugin : advice.plugins) {
    if (!is_meant(plugin, name)) continue;
    if (plugin.moves.empty()) table.push_back({plugin.name, "-", "-", "-", plugin.verdict});
    for (const auto& move : plugin.moves) {
      table.push_back(
          {plugin.name, move.to, with_sign(move.processor_ms_per_s, rounded(move.processor_ms_per_s) + " ms/s"),
           advice.requests == 0 ? "-" : with_sign(move.latency_us_per_request, time_of(move.latency_us_per_request)),
           move.verdict});
    }
  }
  print_table(table, out);
}

void print_methods(const Advice& advice, const Document& observation, const std::string& name, std::ostream& out) {
  Table table{
      {"CONSUMER", "PROVIDER", "CONTRACT", "METHOD", "CALLS/S", "MEAN TIME", "FAILED", "BYTES OUT", "BYTES BACK"}};
  for (const auto& pair : objects_of(observation, "calls")) {
    const auto consumer = text_of(pair, "consumer");
    const auto provider = text_of(pair, "provider");
    if (consumer != name && provider != name) continue;
    for (const auto& method : objects_of(pair, "methods")) {
      const auto calls = static_cast<double>(number_of(method, "calls"));
      const auto per_call = [&](const char* key) { return static_cast<double>(number_of(method, key)) / calls; };
      table.push_back({consumer, provider, text_of(pair, "contract"), text_of(method, "name"),
                       rounded(calls / advice.window_s), time_of(per_call("time_ns") / 1000),
                       std::to_string(number_of(method, "failures")), rounded(per_call("request_bytes")),
                       rounded(per_call("reply_bytes"))});
    }
  }
  if (table.size() == 1) return;
  out << '\n';
  print_table(table, out);
}

void print_not_counted(const Document& observation, const std::string& name, std::ostream& out) {
  for (const auto& pair : objects_of(observation, "not_counted")) {
    const auto consumer = text_of(pair, "consumer");
    const auto provider = text_of(pair, "provider");
    if (!name.empty() && consumer != name && provider != name) continue;
    out << "not counted: calls of " << text_of(pair, "contract") << " from '" << consumer << "' to '" << provider
        << "': " << text_of(pair, "reason") << '\n';
  }
}

Document from_rate(const CallRate& rate) {
  return {{"per_s", rate.per_s}, {"per_request", rate.per_request}, {"mean_us", rate.mean_us}};
}

Document from_cost(const CrossingCost& cost) {
  return {{"wall_us", cost.wall_us}, {"processor_us", cost.processor_us}};
}

Document from_plugin(const PluginAdvice& plugin) {
  auto moves = Document::array();
  for (const auto& move : plugin.moves) {
    moves.push_back({{"to", move.to},
                     {"processor_ms_per_s", move.processor_ms_per_s},
                     {"latency_us_per_request", move.latency_us_per_request},
                     {"verdict", move.verdict}});
  }
  return {{"name", plugin.name},
          {"placement", plugin.placement},
          {"requests_per_s", plugin.requests_per_s},
          {"calls_in", from_rate(plugin.in)},
          {"calls_out", from_rate(plugin.out)},
          {"moves", std::move(moves)},
          {"verdict", plugin.verdict}};
}

}  // namespace

std::string rounded(double number) {
  const auto size = std::abs(number);
  const int digits = size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

void print_advice(const Advice& advice, const CrossingCosts& costs, const Document& observation,
                  const std::string& name, std::ostream& out) {
  print_head(advice, costs, observation, out);
  print_rates(advice, name, out);
  out << '\n';
  print_moves(advice, name, out);
  if (!name.empty()) print_methods(advice, observation, name, out);
  out << '\n';
  print_not_counted(observation, name, out);
  out << "An estimate from floors: as if calls came one after the other, and both sides slept in between. Where a side "
         "is\n"
         "still awake a call costs less; where it does more than wake the other one, it costs more. While it lasted, "
         "the\n"
         "observation made each call slower by some 0.1 us, which is in the mean times.\n";
}

Document to_json(const Advice& advice, const CrossingCosts& costs, const Document& observation) {
  auto plugins = Document::array();
  for (const auto& plugin : advice.plugins) plugins.push_back(from_plugin(plugin));
  return {{"plugins", std::move(plugins)},
          {"crossings", {{"isolated", from_cost(costs.isolated)}, {"remote", from_cost(costs.remote)}}},
          {"observation", observation}};
}

}  // namespace mortise::cli
