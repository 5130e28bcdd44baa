#include "cli/plugin_rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/strings.hpp"
#include "cli/table.hpp"
#include "manifest/binary.hpp"

namespace mortise::cli {
namespace {

PluginRow& row_of(std::map<std::string, PluginRow>& rows, const std::string& name) {
  auto& row = rows[name];
  row.name = name;
  return row;
}

/// Of several files of one plugin, a verified one is shown before others, and of verified ones the newest.
void add_record(PluginRow& row, const catalog::Record& record) {
  const auto version = record.manifest ? record.manifest->version.to_string() : std::string();
  const auto parsed = manifest::Version::parse(row.version);
  const bool is_verified = record.state == catalog::FileState::verified;
  const bool is_older = row.catalogue == "verified" &&
                        (!is_verified || (parsed && record.manifest && record.manifest->version < *parsed));
  row.has_file = true;
  if (is_older) return;
  row.version = version;
  row.catalogue = catalog::to_string(record.state);
  row.reason = record.reason;
}

void print_json(const std::vector<PluginRow>& rows, std::ostream& out) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    list.push_back(nlohmann::ordered_json{{"name", row.name},
                                          {"version", row.version},
                                          {"enabled", row.enabled},
                                          {"catalogue", row.catalogue},
                                          {"runtime", row.runtime},
                                          {"reason", row.reason}});
  }
  out << list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

/// What a file that no host has looked at says of itself, without running it; null when that is nothing.
std::shared_ptr<const manifest::Manifest> read_manifest(const std::string& file, base::Files& files) {
  const auto stamp = files.stamp(file);
  return stamp && stamp->is_regular() ? manifest::inspect(file, file).manifest : nullptr;
}

/// Reads the database only where there is one: looking must not create state.
std::vector<catalog::RecordPtr> read_catalogue(const config::HostConfig& host, const Parts& parts) {
  if (!parts.files.stamp(host.state_directory / "catalog.db")) return {};
  const catalog::Settings settings{host.drop_directory, host.state_directory, host.settle, parts.interfaces};
  const auto opened = catalog::Catalog::open(
      settings, parts.files, catalog::Probe([](const std::filesystem::path&) -> base::Result<void> {
        return base::Error{base::ErrorCode::unavailable, "listing probes no file"};
      }));
  if (opened) {
    const auto records = (*opened)->records();
    return {records.begin(), records.end()};
  }
  parts.err << "warning: cannot read the catalogue: " << opened.error().message << '\n';
  return {};
}

}  // namespace

std::map<std::string, PluginRow> join_rows(const config::LoadedPlugins& plugins,
                                           const std::vector<catalog::RecordPtr>& records,
                                           const std::map<std::string, RuntimeState>& states) {
  std::map<std::string, PluginRow> rows;
  for (const auto& record : records) {
    const auto name = record->manifest ? record->manifest->name : std::string(base::file_stem(record->path));
    add_record(row_of(rows, name), *record);
  }
  for (const auto& plugin : plugins.plugins) row_of(rows, plugin->name).enabled = plugin->enabled ? "yes" : "no";
  for (const auto& problem : plugins.problems) {
    if (problem.file.extension() != ".json") continue;
    auto& row = row_of(rows, problem.file.stem().string());
    row.enabled = "faulty";
    row.reason = problem.to_string();
  }
  for (const auto& [name, state] : states) {
    auto& row = row_of(rows, name);
    row.runtime = state.state;
    if (!state.version.empty()) row.version = state.version;
    if (!state.reason.empty()) row.reason = state.reason;
  }
  return rows;
}

std::vector<PluginRow> collect_rows(const config::HostConfig& host, const Parts& parts) {
  const auto records = read_catalogue(host, parts);
  auto joined = join_rows(config::load_plugin_configs(host.plugins_directory, parts.files), records,
                          read_host_status(host.state_directory, parts.files));
  const auto is_catalogued = [&](const std::string& file) {
    return std::any_of(records.begin(), records.end(), [&](const auto& record) { return record->path == file; });
  };
  const auto found = parts.files.list(host.drop_directory, ".so");
  if (!found) parts.err << "warning: " << found.error().message << '\n';
  for (const auto& file : found ? *found : std::vector<std::string>()) {
    if (is_catalogued(file)) continue;
    const auto manifest = read_manifest(file, parts.files);
    auto& row = row_of(joined, manifest ? manifest->name : std::string(base::file_stem(file)));
    row.has_file = true;
    if (row.catalogue != "-") continue;
    row.catalogue = "new";
    if (manifest) row.version = manifest->version.to_string();
  }
  std::vector<PluginRow> rows;
  for (auto& [name, row] : joined) rows.push_back(std::move(row));
  return rows;
}

void print_rows(const std::vector<PluginRow>& rows, bool as_json, std::ostream& out) {
  if (as_json) return print_json(rows, out);
  std::vector<std::vector<std::string>> table{{"NAME", "VERSION", "ENABLED", "CATALOGUE", "RUNTIME", "REASON"}};
  for (const auto& row : rows) {
    table.push_back(
        {row.name, row.version.empty() ? "-" : row.version, row.enabled, row.catalogue, row.runtime, row.reason});
  }
  for (const auto& line : align_columns(table)) out << line << '\n';
}

}  // namespace mortise::cli
