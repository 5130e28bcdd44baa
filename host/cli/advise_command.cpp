// `advise`: measures what a crossing costs here, has the running host observe, and works out what moves would cost.
#include <ostream>
#include <vector>

#include "cli/advice.hpp"
#include "cli/advice_text.hpp"
#include "cli/ask_host.hpp"
#include "cli/commands.hpp"
#include "cli/crossing_cost.hpp"
#include "cli/json_fields.hpp"

namespace mortise::cli {

int advise(const std::filesystem::path& config_file, const std::string& name, std::chrono::milliseconds duration,
           bool as_json, const Parts& parts) {
  using Document = ControlClient::Document;
  CrossingCosts costs;
  Document status;
  bool is_known = name.empty();
  bool is_running = name.empty();
  const auto look_for_it = [&] {
    for (const auto& plugin : objects_of(status, "plugins")) {
      if (text_of(plugin, "name") != name) continue;
      is_known = true;
      is_running |= !text_of(plugin, "placement").empty();
    }
  };
  const auto ask = [&](ControlClient& client) -> base::Result<Document> {
    auto known = client.get("/v1/status");
    if (!known) return known;
    status = *known;
    look_for_it();
    if (!is_running) return known;
    // Before the observation, which is not to see what the measuring takes.
    const auto measured = measure_crossings();
    if (!measured) return measured.error();
    costs = *measured;
    return client.post("/v1/observe", Document{{"for_ms", duration.count()}});
  };
  const auto show = [&](const Document& observation) -> int {
    if (!is_known) return complain_of_name(name, status, parts);
    if (!is_running) {
      parts.err << "plugin '" << name << "' does not run; `mortise status " << name << "` tells why\n";
      return kFailed;
    }
    auto advice = advise(observation, costs);
    if (!name.empty()) std::erase_if(advice.plugins, [&](const PluginAdvice& one) { return one.name != name; });
    if (as_json) {
      print_json(to_json(advice, costs, observation), parts.out);
    } else {
      print_advice(advice, costs, observation, name, parts.out);
    }
    return kDone;
  };
  return ask_host(config_file, parts, ask, show);
}

}  // namespace mortise::cli
