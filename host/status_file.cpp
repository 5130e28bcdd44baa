#include "status_file.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/Process.h>
#include <Poco/Timestamp.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "admin/control_json.hpp"
#include "telemetry/log.hpp"

namespace mortise {
namespace {

using nlohmann::json;

// They tell of a process that lives: after the machine's crash there is nothing to tell.
constexpr auto kDurability = base::Durability::none;

/// A line of its own in a list. A plugin's message may hold any bytes; what is not UTF-8 is replaced.
std::string to_line(const json& item) {
  return "\n    " + item.dump(-1, ' ', false, json::error_handler_t::replace) + ",";
}

std::string to_line(const release::PluginStatus& plugin) {
  return to_line(json{{"name", plugin.name},
                      {"version", plugin.version},
                      {"generation", plugin.generation},
                      {"state", plugin.state},
                      {"reason", plugin.reason},
                      {"sha256", plugin.sha256}});
}

std::string to_line(const catalog::Record& record) {
  return to_line(json{{"path", record.path},
                      {"state", catalog::to_string(record.state)},
                      {"reason", record.reason},
                      {"sha256", record.sha256}});
}

/// After its lines.
void end_list(std::string& document) {
  const bool is_empty = document.back() != ',';
  if (!is_empty) document.pop_back();
  document += is_empty ? "]" : "\n  ]";
}

}  // namespace

StatusFile::StatusFile(std::filesystem::path state_directory, pid_t supervisor, base::Files& files)
    : directory_(std::move(state_directory)),
      supervisor_(supervisor),
      files_(files),
      started_(Poco::DateTimeFormatter::format(Poco::Timestamp(), Poco::DateTimeFormat::ISO8601_FORMAT)) {}

void StatusFile::announce(const std::vector<std::string>& endpoints, std::vector<std::string> urls) {
  std::string text;
  for (const auto& endpoint : endpoints) text += endpoint + "\n";
  if (const auto written = files_.write_atomically(directory_ / "ports", text, 0644, kDurability); !written) {
    telemetry::log(telemetry::Level::warning, "host", "cannot write the ports file",
                   {{"reason", written.error().message}});
  }
  urls_ = std::move(urls);
  last_.clear();  // another host may have written its own meanwhile
}

void StatusFile::write(const release::Status& status) {
  const json head{{"pid", supervisor_},
                  {"host_pid", Poco::Process::id()},
                  {"started", started_},
                  {"listen", urls_},
                  {"left_mapped", admin::to_json(status.left_mapped)}};
  auto text = head.dump(2, ' ', false, json::error_handler_t::replace);
  text.reserve(last_.size() + 4096);
  text.resize(text.rfind('\n'));  // the end of the object
  text += ",\n  \"plugins\": [";
  add_plugins(status.plugins, text);
  end_list(text);
  text += ",\n  \"files\": [";
  add_files(status.files, text);
  end_list(text);
  text += "\n}\n";
  if (text == last_) return;
  if (const auto written = files_.write_atomically(directory_ / "status.json", text, 0644, kDurability); !written) {
    telemetry::log(telemetry::Level::warning, "host", "cannot write status.json",
                   {{"reason", written.error().message}});
    return;
  }
  last_ = std::move(text);
}

void StatusFile::add_plugins(const std::vector<release::PluginStatus>& plugins, std::string& document) {
  auto before = std::exchange(plugin_lines_, {});
  for (const auto& plugin : plugins) {
    auto known = before.extract({plugin.name, plugin.generation});
    const bool is_same = known && known.mapped().version == plugin.version && known.mapped().state == plugin.state &&
                         known.mapped().reason == plugin.reason && known.mapped().sha256 == plugin.sha256;
    if (is_same) {
      document += known.mapped().text;
      plugin_lines_.insert(plugin_lines_.end(), std::move(known));
      continue;
    }
    PluginLine line{.version = plugin.version,
                    .state = plugin.state,
                    .reason = plugin.reason,
                    .sha256 = plugin.sha256,
                    .text = to_line(plugin)};
    document += line.text;
    plugin_lines_.insert_or_assign({plugin.name, plugin.generation}, std::move(line));
  }
}

void StatusFile::add_files(const catalog::RecordSet& files, std::string& document) {
  for_each_difference(files_told_, files, [&](const auto* before, const auto* after) {
    if (after == nullptr) {
      file_lines_.erase((*before)->path);
    } else {
      file_lines_.insert_or_assign((*after)->path, to_line(**after));
    }
  });
  files_told_ = files;
  for (const auto& [path, line] : file_lines_) document += line;
}

void StatusFile::remove() {
  // Failing to remove is harmless: readers look whether the pid still lives.
  static_cast<void>(files_.remove(directory_ / "ports"));
  static_cast<void>(files_.remove(directory_ / "status.json"));
}

}  // namespace mortise
