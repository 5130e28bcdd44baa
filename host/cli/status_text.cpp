#include "cli/status_text.hpp"

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <ostream>
#include <vector>

#include "base/strings.hpp"
#include "cli/json_fields.hpp"
#include "cli/release_text.hpp"
#include "cli/table.hpp"

namespace mortise::cli {
namespace {

using Document = nlohmann::ordered_json;

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string generation_of(const Document& plugin) {
  const auto generation = number_of(plugin, "generation");
  return generation == 0 ? "-" : std::to_string(generation);
}

std::string describe_release(const Document& status) {
  const auto release = number_of(status, "release");
  return release == 0 ? "no release runs yet" : "release " + std::to_string(release) + " runs";
}

/// A file that says nothing of itself goes by its own name.
bool is_file_of(const Document& file, const std::string& name) {
  const auto plugin = text_of(file, "plugin");
  return (plugin.empty() ? base::file_stem(text_of(file, "path")) : plugin) == name;
}

void print_line(const char* key, const std::string& value, std::ostream& out) {
  if (value.empty()) return;
  std::string padded = key;
  padded.resize(12, ' ');
  out << padded << value << '\n';
}

/// What its failures and limits have come to, as far as there was any of it.
void print_containment(const Document& plugin, std::ostream& out) {
  const auto containment = plugin.find("containment");
  if (containment == plugin.end() || !containment->is_object()) return;
  print_line("circuit", text_of(*containment, "circuit"), out);
  std::string counts;
  const auto add = [&](const char* key, const char* words) {
    const auto count = number_of(*containment, key);
    if (count > 0) counts += (counts.empty() ? "" : ", ") + std::to_string(count) + ' ' + words;
  };
  add("in_flight", "inside");
  add("waiting", "waiting");
  add("stuck", "past their deadline");
  print_line("requests", counts, out);
  counts.clear();
  add("failures", "failed");
  add("timeouts", "of them timed out");
  add("rejected", "rejected");
  add("short_circuited", "short-circuited");
  add("lines_dropped", "lines of log dropped");
  print_line("troubles", counts, out);
}

/// How often it has crashed the host, and the last time.
void print_crashes(const Document& plugin, std::ostream& out) {
  const auto crashes = plugin.find("crashes");
  if (crashes == plugin.end() || !crashes->is_object() || number_of(*crashes, "count") == 0) return;
  print_line("crashes",
             std::to_string(number_of(*crashes, "count")) + ", the last at " + text_of(*crashes, "time") + ": " +
                 text_of(*crashes, "reason"),
             out);
}

/// What its process has given up, and what it could not.
void print_sandbox(const Document& worker, std::ostream& out) {
  const auto guards = worker.find("sandbox");
  if (guards == worker.end() || !guards->is_array()) return;
  std::string in_force;
  for (const auto& guard : *guards) {
    if (!text_of(guard, "missing").empty()) continue;
    in_force += (in_force.empty() ? "" : ", ") + text_of(guard, "name");
  }
  if (!in_force.empty()) print_line("sandbox", in_force, out);
  for (const auto& guard : *guards) {
    const auto missing = text_of(guard, "missing");
    if (!missing.empty()) print_line("no sandbox", text_of(guard, "name") + ": " + missing, out);
  }
}

/// Rounded up, so that only nothing is 0.
std::string in_mebibytes(std::uint64_t bytes) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  return std::to_string(bytes / kMebibyte + (bytes % kMebibyte == 0 ? 0 : 1)) + " MiB";
}

/// What its process takes; the limit counts what is allocated.
void print_memory(const Document& worker, std::ostream& out) {
  const auto memory = worker.find("memory");
  if (memory == worker.end() || !memory->is_object() || number_of(*memory, "resident_bytes") == 0) return;
  const auto limit = number_of(*memory, "limit_bytes");
  print_line("memory",
             in_mebibytes(number_of(*memory, "resident_bytes")) + " resident, " +
                 in_mebibytes(number_of(*memory, "allocated_bytes")) + " allocated" +
                 (limit == 0 ? ", no limit" : " of at most " + in_mebibytes(limit)),
             out);
}

void print_process(const Document& worker, std::ostream& out) {
  const auto pid = number_of(worker, "pid");
  const auto restarts = number_of(worker, "restarts");
  std::string text = pid == 0 ? "none at this moment" : "pid " + std::to_string(pid);
  if (restarts > 0) text += ", started anew " + std::to_string(restarts) + (restarts == 1 ? " time" : " times");
  if (const auto trouble = text_of(worker, "trouble"); !trouble.empty()) text += "; " + trouble;
  print_line("worker", text, out);
  print_memory(worker, out);
}

/// What it has of the host process's, if it runs there.
void print_share_of_memory(const Document& plugin, std::ostream& out) {
  const auto memory = plugin.find("memory");
  if (text_of(plugin, "placement") != "inline" || memory == plugin.end() || !memory->is_object()) return;
  const auto limit = number_of(*memory, "limit_bytes");
  print_line("memory",
             in_mebibytes(number_of(*memory, "heap_bytes")) + " heap, " +
                 in_mebibytes(number_of(*memory, "arena_bytes")) + " arena, " +
                 in_mebibytes(number_of(*memory, "buffer_bytes")) + " buffers" +
                 (limit == 0 ? "" : ", told of past " + in_mebibytes(limit)),
             out);
}

/// The processes that it has of its own, if it has.
void print_remote(const Document& host, std::ostream& out) {
  auto text = text_of(host, "url") + ": " + std::to_string(number_of(host, "calls")) + " calls, " +
              std::to_string(number_of(host, "failures")) + " attempts without an answer, " +
              std::to_string(number_of(host, "retries")) + " made again";
  if (const auto circuit = text_of(host, "circuit"); circuit != "closed") text += "; circuit " + circuit;
  if (const auto trouble = text_of(host, "trouble"); !trouble.empty()) text += "; " + trouble;
  print_line("host", text, out);
}

void print_worker(const Document& plugin, std::ostream& out) {
  print_line("placement", text_of(plugin, "placement"), out);
  if (const auto host = plugin.find("remote");
      text_of(plugin, "placement") == "remote" && host != plugin.end() && host->is_object()) {
    print_remote(*host, out);
  }
  print_share_of_memory(plugin, out);
  const auto worker = plugin.find("worker");
  if (text_of(plugin, "placement") != "isolated" || worker == plugin.end() || !worker->is_object()) return;
  print_process(*worker, out);
  for (const auto& replica : objects_of(*worker, "replicas")) print_process(replica, out);
  print_sandbox(*worker, out);
}

/// What people want to know first of one that runs but does not do well.
std::string state_of(const Document& plugin) {
  return text_of(plugin, "degraded").empty() ? text_of(plugin, "state") : "degraded";
}

std::string reason_of(const Document& plugin) {
  const auto degraded = text_of(plugin, "degraded");
  const auto reason = text_of(plugin, "reason");
  return degraded + (degraded.empty() || reason.empty() ? "" : ". ") + reason;
}

/// What of a thing there is any of, under its line.
void print_counts(const Document& of, std::initializer_list<const char*> keys, std::ostream& out) {
  std::string counts;
  for (const auto* key : keys) {
    const auto count = number_of(of, key);
    if (count > 0) counts += (counts.empty() ? "    " : ", ") + std::to_string(count) + ' ' + key;
  }
  out << (counts.empty() ? "    nothing yet" : counts) << '\n';
}

/// What it hears, and what has come of that.
void print_subscriptions(const Document& picked, std::ostream& out) {
  for (const auto& subscription : objects_of(picked, "subscriptions")) {
    const auto publisher = text_of(subscription, "publisher");
    print_line("hears", text_of(subscription, "topic") + (publisher.empty() ? "" : " of " + publisher), out);
    print_counts(subscription, {"delivered", "failed", "lost", "waiting", "retrying", "dead"}, out);
  }
}

/// What it does without a request, and what has come of that.
void print_tasks(const Document& picked, std::ostream& out) {
  for (const auto& task : objects_of(picked, "tasks")) {
    const auto name = text_of(task, "name");
    print_line("task", name.empty() ? "(without a name)" : base::printable(name), out);
    print_counts(task, {"waiting", "running", "ran", "failed"}, out);
  }
  for (const auto& handler : objects_of(picked, "durable_tasks")) {
    print_line("durable", base::printable(text_of(handler, "handler")), out);
    print_counts(handler, {"waiting", "running", "failing", "dead"}, out);
  }
}

void print_files(const Document& picked, std::ostream& out) {
  for (const auto& file : objects_of(picked, "files")) {
    print_line("file", text_of(file, "path"), out);
    const auto version = text_of(file, "version");
    out << "    " << (version.empty() ? "" : version + ", ") << text_of(file, "state");
    if (const auto reason = text_of(file, "reason"); !reason.empty()) out << ": " << reason;
    out << '\n';
    if (const auto notes = joined_texts_of(file, "notes"); !notes.empty()) out << "    " << notes << '\n';
  }
}

/// What of retired plugins is still in memory, and what to do when it is too much.
void print_left_mapped(const Document& left_mapped, std::ostream& out) {
  const auto count = number_of(left_mapped, "count");
  if (count == 0) return;
  out << count << (count == 1 ? " image" : " images") << " of retired plugins left mapped, limit "
      << number_of(left_mapped, "limit") << '\n';
  for (const auto& image : objects_of(left_mapped, "images")) {
    out << "    " << number_of(image, "count") << " of " << text_of(image, "plugin") << ' ' << text_of(image, "version")
        << ": " << text_of(image, "reason") << '\n';
  }
  if (const auto warning = text_of(left_mapped, "warning"); !warning.empty()) out << "warning: " << warning << '\n';
}

}  // namespace

void print_status(const Document& status, std::ostream& out) {
  out << describe_release(status) << '\n';
  std::vector<std::vector<std::string>> table{{"NAME", "GENERATION", "VERSION", "STATE", "REASON"}};
  for (const auto& plugin : objects_of(status, "plugins")) {
    table.push_back({text_of(plugin, "name"), generation_of(plugin), or_dash(text_of(plugin, "version")),
                     state_of(plugin), reason_of(plugin)});
  }
  for (const auto& line : align_columns(table)) out << line << '\n';
  if (const auto left_mapped = status.find("left_mapped"); left_mapped != status.end()) {
    print_left_mapped(*left_mapped, out);
  }
}

Document pick_plugin(const std::string& name, const Document& status, const Document& history) {
  Document picked{{"release", number_of(status, "release")},
                  {"plugins", Document::array()},
                  {"files", Document::array()},
                  {"history", Document::array()}};
  for (const auto& plugin : objects_of(status, "plugins")) {
    if (text_of(plugin, "name") == name) picked["plugins"].push_back(plugin);
  }
  for (const auto& file : objects_of(status, "files")) {
    if (is_file_of(file, name)) picked["files"].push_back(file);
  }
  for (auto entry : objects_of(history, "entries")) {
    auto changes = Document::array();
    for (const auto& change : objects_of(entry, "changes")) {
      if (text_of(change, "plugin") == name) changes.push_back(change);
    }
    if (changes.empty()) continue;
    entry["changes"] = std::move(changes);
    picked["history"].push_back(std::move(entry));
  }
  const bool is_known = !picked["plugins"].empty() || !picked["files"].empty() || !picked["history"].empty();
  return is_known ? picked : Document();
}

void print_plugin(const std::string& name, const Document& picked, std::ostream& out) {
  print_line("name", name, out);
  const auto plugins = objects_of(picked, "plugins");
  if (plugins.empty()) print_line("state", "not enabled; `mortise enable " + name + "` lets it run", out);
  for (const auto& plugin : plugins) {
    print_line("state", state_of(plugin), out);
    print_line("version", text_of(plugin, "version"), out);
    print_line("generation", generation_of(plugin), out);
    print_worker(plugin, out);
    print_line("sha256", text_of(plugin, "sha256"), out);
    print_line("reason", reason_of(plugin), out);
    print_crashes(plugin, out);
    if (number_of(plugin, "generation") > 0) print_containment(plugin, out);
  }
  print_subscriptions(picked, out);
  print_tasks(picked, out);
  print_files(picked, out);
  if (!picked["history"].empty()) {
    out << '\n';
    print_history(Document{{"entries", picked["history"]}}, out);
  }
}

}  // namespace mortise::cli
