#include "release/desired.hpp"

#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/strings.hpp"
#include "release/order.hpp"

namespace mortise::release {
namespace {

using manifest::VersionRange;

/// The records that name a plugin, by that name.
using ByName = std::map<std::string, std::vector<catalog::RecordPtr>>;

ByName index_by_name(const std::vector<catalog::RecordPtr>& records) {
  ByName index;
  for (const auto& record : records) {
    const auto name = record->manifest ? record->manifest->name : std::string(base::file_stem(record->path));
    index[name].push_back(record);
  }
  return index;
}

catalog::RecordPtr highest(const std::vector<catalog::RecordPtr>& candidates, const VersionRange& range) {
  catalog::RecordPtr best;
  for (const auto& record : candidates) {
    if (record->state != catalog::FileState::verified || !range.contains(record->manifest->version)) continue;
    if (!best || best->manifest->version < record->manifest->version) best = record;
  }
  return best;
}

/// Why no candidate will do.
Unmet explain(const config::PluginConfig& plugin, const std::vector<catalog::RecordPtr>& candidates,
              const std::filesystem::path& drop_directory) {
  Unmet unmet{.name = plugin.name, .kind = Unmet::Kind::waiting, .reason = {}, .keep_running = true};
  std::string versions;
  std::string faults;
  for (const auto& record : candidates) {
    if (record->state == catalog::FileState::verified) {
      versions += (versions.empty() ? "" : ", ") + record->manifest->version.to_string();
    } else {
      faults += (faults.empty() ? "" : "; ") + std::string(to_string(record->state)) + ": " + record->reason;
      if (record->state == catalog::FileState::rejected) unmet.kind = Unmet::Kind::refused;
    }
  }
  if (!versions.empty()) {
    unmet.kind = Unmet::Kind::refused;
    unmet.reason = "none of the versions in '" + drop_directory.string() + "' (" + versions + ") is in the range '" +
                   plugin.version + "' of " + plugin.name + ".json; drop one that is, or change the range";
  } else if (candidates.empty()) {
    unmet.reason = "no file of it in '" + drop_directory.string() + "'; drop " + plugin.name + ".so there";
  }
  if (!faults.empty()) unmet.reason += (unmet.reason.empty() ? "" : "; ") + faults;
  return unmet;
}

/// One plugin's choice, or what keeps it from being made.
class Chooser {
 public:
  Chooser(const ByName& by_name, const std::filesystem::path& drop_directory)
      : by_name_(by_name), drop_directory_(drop_directory) {}

  void choose(config::PluginConfig plugin) {
    const auto range = VersionRange::parse(plugin.version);
    if (!range) return refuse(plugin, "/version", range.error().message);
    const auto found = by_name_.find(plugin.name);
    static const std::vector<catalog::RecordPtr> kNone;
    const auto& candidates = found == by_name_.end() ? kNone : found->second;
    const auto record = highest(candidates, *range);
    if (!record) {
      desired.unmet.push_back(explain(plugin, candidates, drop_directory_));
      return;
    }
    auto faults = config::check_against_schema(plugin, record->manifest->config_schema.get());
    if (faults.empty()) {
      wanted.push_back({std::move(plugin), record});
      return;
    }
    desired.unmet.push_back({.name = plugin.name,
                             .kind = Unmet::Kind::refused,
                             .reason = faults.front().to_string(),
                             .keep_running = true});
    for (auto& fault : faults) desired.diagnostics.push_back(std::move(fault));
  }

  Desired desired;
  std::vector<Wanted> wanted;

 private:
  void refuse(const config::PluginConfig& plugin, std::string pointer, std::string message) {
    desired.diagnostics.push_back(
        {.file = plugin.file, .line = 0, .pointer = std::move(pointer), .message = std::move(message)});
    desired.unmet.push_back({.name = plugin.name,
                             .kind = Unmet::Kind::refused,
                             .reason = desired.diagnostics.back().to_string(),
                             .keep_running = true});
  }

  const ByName& by_name_;
  const std::filesystem::path& drop_directory_;
};

/// The verified files of which a plugin that lacks a provider can be told.
std::vector<Spare> find_spares(const config::LoadedPlugins& plugins, const std::vector<catalog::RecordPtr>& records,
                               const std::vector<Wanted>& wanted) {
  std::set<std::string> enabled;
  for (const auto& plugin : plugins.plugins) {
    if (plugin.enabled) enabled.insert(plugin.name);
  }
  std::set<const catalog::Record*> chosen;
  for (const auto& one : wanted) chosen.insert(one.record.get());
  std::vector<Spare> spares;
  for (const auto& record : records) {
    const bool provides = record->state == catalog::FileState::verified && !record->manifest->provides.empty();
    if (provides && !chosen.contains(record.get())) {
      spares.push_back({.record = record, .is_enabled = enabled.contains(record->manifest->name)});
    }
  }
  return spares;
}

}  // namespace

Desired desire(config::LoadedPlugins plugins, const std::vector<catalog::RecordPtr>& records,
               const std::filesystem::path& drop_directory) {
  const auto by_name = index_by_name(records);
  Chooser chooser(by_name, drop_directory);
  chooser.wanted.reserve(plugins.plugins.size());
  for (auto& plugin : plugins.plugins) {
    if (plugin.enabled) chooser.choose(std::move(plugin));
  }
  auto desired = std::move(chooser.desired);
  for (const auto& problem : plugins.problems) {
    desired.diagnostics.push_back(problem);
    desired.unmet.push_back({.name = problem.file.stem().string(),
                             .kind = Unmet::Kind::refused,
                             .reason = problem.to_string(),
                             .keep_running = true});
  }
  const auto spares = find_spares(plugins, records, chooser.wanted);
  auto order = order_by_contracts(std::move(chooser.wanted), spares);
  desired.wanted = std::move(order.ordered);
  for (auto& refused : order.refused) desired.unmet.push_back(std::move(refused));
  return desired;
}

std::vector<config::Diagnostic> check_desired(const config::LoadedPlugins& plugins,
                                              const std::vector<catalog::RecordPtr>& records,
                                              const std::filesystem::path& drop_directory) {
  auto desired = desire(plugins, records, drop_directory);
  auto diagnostics = std::move(desired.diagnostics);
  for (const auto& unmet : desired.unmet) {
    const auto is_told = [&](const config::Diagnostic& d) { return d.to_string() == unmet.reason; };
    bool told = false;
    for (const auto& diagnostic : diagnostics) told = told || is_told(diagnostic);
    if (told) continue;
    config::Diagnostic diagnostic{.file = {}, .line = 0, .pointer = {}, .message = unmet.reason};
    if (!unmet.exhibit.empty()) {
      diagnostic.message += "\n" + unmet.exhibit.substr(0, unmet.exhibit.size() - 1);  // the printer ends the line
    }
    for (const auto& plugin : plugins.plugins) {
      if (plugin.name == unmet.name) diagnostic.file = plugin.file;
    }
    diagnostics.push_back(std::move(diagnostic));
  }
  return diagnostics;
}

}  // namespace mortise::release
