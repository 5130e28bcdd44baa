// The commands about a plugin's durable tasks.
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

void print_table(const std::vector<std::vector<std::string>>& table, std::ostream& out) {
  for (const auto& line : align_columns(table)) out << line << '\n';
}

void print_durable_tasks(const Document& answer, std::ostream& out) {
  const auto handlers = objects_of(answer, "handlers");
  if (handlers.empty()) {
    out << "no durable tasks\n";
    return;
  }
  std::vector<std::vector<std::string>> table{{"HANDLER", "RUNNING", "WAITING", "FAILING", "DEAD", "NEXT"}};
  for (const auto& one : handlers) {
    const bool is_handled = is_set(one, "handled");
    table.push_back({text_of(one, "handler"), std::to_string(number_of(one, "running")),
                     std::to_string(number_of(one, "waiting")), std::to_string(number_of(one, "failing")),
                     std::to_string(number_of(one, "dead")),
                     is_handled ? text_of(one, "next") : "waits for a version that handles it"});
  }
  print_table(table, out);
  const auto tried = objects_of(answer, "tasks");
  if (tried.empty()) return;
  out << '\n';
  table = {{"ID", "HANDLER", "NAME", "STATE", "ATTEMPTS", "TIME", "NEXT", "ERROR"}};
  for (const auto& one : tried) {
    const auto state = text_of(one, "state");
    table.push_back({std::to_string(number_of(one, "id")), text_of(one, "handler"),
                     base::printable(text_of(one, "name"), kMostShown), state,
                     std::to_string(number_of(one, "attempts")), text_of(one, "time"), text_of(one, "next"),
                     base::printable(text_of(one, "error"), kMostShown)});
  }
  print_table(table, out);
}

}  // namespace

int show_tasks(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts) {
  const auto show = [&](const Document& answer) {
    as_json ? print_json(answer, parts.out) : print_durable_tasks(answer, parts.out);
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.get("/v1/tasks?plugin=" + name); }, show);
}

int replay_tasks(const std::filesystem::path& config_file, const std::string& name, std::optional<std::int64_t> id,
                 bool as_json, const Parts& parts) {
  Document body{{"plugin", name}};
  if (id) {
    body["id"] = *id;
  } else {
    body["all"] = true;
  }
  const auto show = [&](const Document& answer) {
    const auto count = number_of(answer, "replayed");
    if (as_json) {
      print_json(answer, parts.out);
    } else {
      parts.out << count << (count == 1 ? " task of '" : " tasks of '") << name
                << (count == 1 ? "' runs again\n" : "' run again\n");
    }
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.post("/v1/tasks/replay", body); }, show);
}

int discard_task(const std::filesystem::path& config_file, const std::string& name, std::int64_t id, bool as_json,
                 const Parts& parts) {
  const Document body{{"plugin", name}, {"id", id}};
  const auto show = [&](const Document& answer) {
    if (as_json) {
      print_json(answer, parts.out);
    } else {
      parts.out << "task " << id << " of '" << name << "' runs no more\n";
    }
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.post("/v1/tasks/discard", body); }, show);
}

}  // namespace mortise::cli
