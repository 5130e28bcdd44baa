// The commands that ask the running host.
#include <ostream>
#include <string_view>
#include <vector>

#include "base/strings.hpp"
#include "cli/ask_host.hpp"
#include "cli/commands.hpp"
#include "cli/control_client.hpp"
#include "cli/json_fields.hpp"
#include "cli/release_text.hpp"
#include "cli/status_text.hpp"

namespace mortise::cli {
namespace {

using Document = ControlClient::Document;

// Of the attempts that `status NAME` looks through for those that changed it.
constexpr const char* kLongHistory = "/v1/history?limit=1000";

/// What changes something: its outcome, and kFailed when that is a failure.
int change(const std::filesystem::path& config_file, const char* target, const Document& body, bool as_json,
           const Parts& parts) {
  const auto show = [&](const Document& outcome) {
    if (as_json) {
      print_json(outcome, parts.out);
    } else {
      print_outcome(outcome, parts.out);
    }
    const auto failure = describe_failure(outcome);
    if (!failure.empty() && !as_json) parts.err << failure << '\n';
    return failure.empty() ? kDone : kFailed;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.post(target, body); }, show);
}

/// Shows an answer that changes nothing.
int look(const std::filesystem::path& config_file, const std::string& target, bool as_json, const Parts& parts,
         void (*print)(const Document&, std::ostream&)) {
  const auto show = [&](const Document& answer) {
    as_json ? print_json(answer, parts.out) : print(answer, parts.out);
    return kDone;
  };
  return ask_host(
      config_file, parts, [&](ControlClient& client) { return client.get(target); }, show);
}

}  // namespace

ExitCode complain_of_name(const std::string& name, const Document& status, const Parts& parts) {
  std::vector<std::string> names;
  for (const auto& plugin : objects_of(status, "plugins")) names.push_back(text_of(plugin, "name"));
  const auto near = base::nearest(name, std::vector<std::string_view>(names.begin(), names.end()));
  parts.err << "the host knows no plugin '" << name << "'; "
            << (near.empty() ? "`mortise list` shows all" : "did you mean '" + std::string(near) + "'?") << '\n';
  return kFailed;
}

int plan(const std::filesystem::path& config_file, bool as_json, const Parts& parts) {
  return look(config_file, "/v1/plan", as_json, parts, print_plan);
}

int apply(const std::filesystem::path& config_file, bool as_json, const Parts& parts) {
  return change(config_file, "/v1/apply", Document::object(), as_json, parts);
}

int rollback(const std::filesystem::path& config_file, std::optional<std::uint64_t> release, bool as_json,
             const Parts& parts) {
  auto body = Document::object();
  if (release) body["release"] = *release;
  return change(config_file, "/v1/rollback", body, as_json, parts);
}

int pardon(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts) {
  return change(config_file, "/v1/pardon", Document{{"plugin", name}}, as_json, parts);
}

int upgrade_host(const std::filesystem::path& config_file, bool as_json, const Parts& parts) {
  const auto show = [&](const Document& outcome) {
    const bool is_upgraded = text_of(outcome, "result") == "upgraded";
    if (as_json) {
      print_json(outcome, parts.out);
    } else if (is_upgraded) {
      parts.out << "a new host serves (pid " << number_of(outcome, "pid") << "); the former one finishes what it has\n";
    } else {
      parts.err << "the upgrade failed: " << text_of(outcome, "reason") << "; the host serves on as before\n";
    }
    return is_upgraded ? kDone : kFailed;
  };
  return ask_host(
      config_file, parts, [](ControlClient& client) { return client.post("/v1/host/upgrade", Document::object()); },
      show);
}

int history(const std::filesystem::path& config_file, unsigned limit, bool as_json, const Parts& parts) {
  return look(config_file, "/v1/history?limit=" + std::to_string(limit), as_json, parts, print_history);
}

int status(const std::filesystem::path& config_file, const std::string& name, bool as_json, const Parts& parts) {
  if (name.empty()) return look(config_file, "/v1/status", as_json, parts, print_status);
  Document known;
  auto heard = Document::object();
  auto works = Document::object();
  auto durable = Document::object();
  const auto ask = [&](ControlClient& client) -> base::Result<Document> {
    auto answer = client.get("/v1/status");
    if (!answer) return answer;
    known = *std::move(answer);
    // A name that is none is told of below.
    if (auto subscriptions = client.get("/v1/events?plugin=" + name)) heard = *std::move(subscriptions);
    if (auto tasks = client.get("/v1/tasks/counts?plugin=" + name)) works = *std::move(tasks);
    if (auto tasks = client.get("/v1/tasks?plugin=" + name)) durable = *std::move(tasks);  // or it has none
    return client.get(kLongHistory);
  };
  const auto show = [&](const Document& past) {
    auto picked = pick_plugin(name, known, past);
    if (picked.is_null()) return complain_of_name(name, known, parts);
    picked["subscriptions"] = objects_of(heard, "subscriptions");
    picked["tasks"] = objects_of(works, "counts");
    picked["durable_tasks"] = objects_of(durable, "handlers");
    if (as_json) {
      print_json(picked, parts.out);
    } else {
      print_plugin(name, picked, parts.out);
    }
    return kDone;
  };
  return ask_host(config_file, parts, ask, show);
}

}  // namespace mortise::cli
