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

json to_json(const release::PluginStatus& plugin) {
  return {{"name", plugin.name},   {"version", plugin.version}, {"generation", plugin.generation},
          {"state", plugin.state}, {"reason", plugin.reason},   {"sha256", plugin.sha256}};
}

json to_json(const catalog::Record& record) {
  return {{"path", record.path},
          {"state", catalog::to_string(record.state)},
          {"reason", record.reason},
          {"sha256", record.sha256}};
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
}

void StatusFile::write(const release::Status& status) {
  json document{{"pid", supervisor_},
                {"host_pid", Poco::Process::id()},
                {"started", started_},
                {"listen", urls_},
                {"plugins", json::array()},
                {"files", json::array()},
                {"left_mapped", admin::to_json(status.left_mapped)}};
  for (const auto& plugin : status.plugins) document["plugins"].push_back(to_json(plugin));
  for (const auto& record : status.files) document["files"].push_back(to_json(*record));
  // A plugin's message may hold any bytes; what is not UTF-8 is replaced.
  auto text = document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  if (text == last_) return;
  if (const auto written = files_.write_atomically(directory_ / "status.json", text, 0644, kDurability); !written) {
    telemetry::log(telemetry::Level::warning, "host", "cannot write status.json",
                   {{"reason", written.error().message}});
    return;
  }
  last_ = std::move(text);
}

void StatusFile::remove() {
  // Failing to remove is harmless: readers look whether the pid still lives.
  static_cast<void>(files_.remove(directory_ / "ports"));
  static_cast<void>(files_.remove(directory_ / "status.json"));
}

}  // namespace mortise
