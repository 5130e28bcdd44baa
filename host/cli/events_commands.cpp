// The commands about durable events that their subscribers have failed with.
#include <ostream>
#include <vector>

#include "base/strings.hpp"
#include "cli/ask_host.hpp"
#include "cli/json_fields.hpp"
#include "cli/table.hpp"

namespace mortise::cli {
namespace {

using Document = ControlClient::Document;

constexpr std::size_t kMostShown = 200;

void print_dead(const Document& answer, std::ostream& out) {
  const auto events = objects_of(answer, "events");
  if (events.empty()) {
    out << "no event is dead\n";
    return;
  }
  std::vector<std::vector<std::string>> table{{"PLUGIN", "ID", "TOPIC", "KEY", "ATTEMPTS", "TIME", "ERROR"}};
  for (const auto& event : events) {
    table.push_back({text_of(event, "plugin"), text_of(event, "id"), text_of(event, "topic"),
                     base::printable(text_of(event, "key"), kMostShown), std::to_string(number_of(event, "attempts")),
                     text_of(event, "time"), base::printable(text_of(event, "error"), kMostShown)});
  }
  for (const auto& line : align_columns(table)) out << line << '\n';
  for (const auto& one : objects_of(answer, "left_out")) {
    out << "and " << number_of(one, "count") << " more of '" << text_of(one, "publisher") << "' that '"
        << text_of(one, "plugin") << "' has failed with\n";
  }
}

/// Of a subscriber's events: one, or all that are dead.
Document choice(const std::string& name, const std::string& id) {
  Document body{{"plugin", name}};
  if (id.empty()) {
    body["all"] = true;
  } else {
    body["id"] = id;
  }
  return body;
}

}  // namespace

int dead_events(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts) {
  const auto show = [&](const Document& answer) {
    as_json ? print_json(answer, parts.out) : print_dead(answer, parts.out);
    return kDone;
  };
  const auto target = name.empty() ? std::string("/v1/events/dead") : "/v1/events/dead?plugin=" + name;
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.get(target); }, show);
}

int replay_events(const std::filesystem::path& config_file, const std::string& name, const std::string& id,
                  bool as_json, const Parts& parts) {
  const auto show = [&](const Document& answer) {
    const auto count = number_of(answer, "replayed");
    if (as_json) {
      print_json(answer, parts.out);
    } else {
      parts.out << count << (count == 1 ? " event comes" : " events come") << " to '" << name << "' again\n";
    }
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.post("/v1/events/replay", choice(name, id)); },
      show);
}

int discard_events(const std::filesystem::path& config_file, const std::string& name, const std::string& id,
                   bool as_json, const Parts& parts) {
  const auto show = [&](const Document& answer) {
    const auto count = number_of(answer, "discarded");
    if (as_json) {
      print_json(answer, parts.out);
    } else {
      parts.out << count << (count == 1 ? " event comes" : " events come") << " to '" << name << "' no more\n";
    }
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.post("/v1/events/discard", choice(name, id)); },
      show);
}

}  // namespace mortise::cli
