#include "release/chooser.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "release/retain.hpp"

namespace mortise::release {
namespace {

using catalog::FileState;
using manifest::VersionRange;

/// The highest verified version in the range that is none of `excluded`.
catalog::RecordPtr highest(const catalog::RecordSet& candidates, const VersionRange& range,
                           const std::set<std::string>& excluded) {
  catalog::RecordPtr best;
  for (const auto& record : candidates) {
    if (record->state != FileState::verified || !range.contains(record->manifest->version)) continue;
    if (best && !(best->manifest->version < record->manifest->version)) continue;
    if (!excluded.contains(record->sha256)) best = record;
  }
  return best;
}

/// Why no candidate will do.
Unmet explain(const config::PluginConfig& plugin, const catalog::RecordSet& candidates,
              const std::filesystem::path& drop_directory) {
  Unmet unmet{.name = plugin.name, .kind = Unmet::Kind::waiting, .reason = {}};
  std::string versions;
  std::string faults;
  for (const auto& record : candidates) {
    if (record->state == FileState::verified) {
      versions += (versions.empty() ? "" : ", ") + record->manifest->version.to_string();
    } else {
      faults += (faults.empty() ? "" : "; ") + std::string(to_string(record->state)) + ": " + record->reason;
      if (record->state == FileState::rejected) unmet.kind = Unmet::Kind::refused;
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

/// What is exposed, and not provided.
std::vector<config::Diagnostic> check_exposed(const config::PluginConfig& plugin, const manifest::Manifest& manifest) {
  std::string provided;
  std::set<std::string_view> ids;
  for (const auto& one : manifest.provides) {
    if (ids.insert(one.contract).second) provided += (provided.empty() ? "" : ", ") + one.contract;
  }
  std::vector<config::Diagnostic> faults;
  for (const auto& contract : plugin.expose.contracts) {
    if (ids.contains(contract)) continue;
    const auto line = plugin.expose_lines.find(contract);
    faults.push_back(
        {.file = plugin.file,
         .line = line == plugin.expose_lines.end() ? 0 : line->second,
         .pointer = "/expose",
         .message = plugin.name + " " + manifest.version.to_string() + " does not provide '" + contract + "'; " +
                    (provided.empty() ? "it provides nothing: take the key out"
                                      : "name what it provides (" + provided + "), or write true for all")});
  }
  return faults;
}

}  // namespace

Choice Chooser::choose(const config::PluginConfigPtr& config, const catalog::RecordSet& candidates) const {
  const auto& plugin = *config;
  Choice choice;
  const auto range = VersionRange::parse(plugin.version);
  if (!range) {
    refuse(plugin, "/version", range.error().message, choice);
    return choice;
  }
  const auto best = find_best(config, candidates, *range, choice.unmet);
  if (!best) {
    // Else it is said already that all have failed.
    if (choice.unmet.empty()) choice.unmet.push_back(explain(plugin, candidates, drop_directory_));
    choice.wanted = keep(plugin.name);
    return choice;
  }
  auto faults = config::check_against_schema(plugin, best->record->manifest->config_schema.get());
  auto exposed = check_exposed(plugin, *best->record->manifest);
  std::move(exposed.begin(), exposed.end(), std::back_inserter(faults));
  if (faults.empty()) {
    take(*best, plugin, choice);
    return choice;
  }
  choice.unmet.push_back({.name = plugin.name,
                          .kind = Unmet::Kind::refused,
                          .reason = faults.front().to_string(),
                          .record = best->record});
  choice.diagnostics = std::move(faults);
  choice.wanted = keep(plugin.name);
  return choice;
}

Choice Chooser::pass_on(const config::Diagnostic& problem) const {
  const auto name = problem.file.stem().string();
  return {.choice = {},
          .wanted = keep(name),
          .unmet = {{.name = name, .kind = Unmet::Kind::refused, .reason = problem.to_string()}},
          .diagnostics = {problem}};
}

Choice Chooser::stay(const std::string& name, const Hold& hold) const {
  Choice choice;
  if (hold.instead_of != Identity{}) {
    choice.is_lifted = true;
  } else if (may_run(name, hold)) {
    choice.wanted = go_on(name, *hold.member, hold.reason);
  }
  return choice;
}

/// Not what has crashed the host since.
bool Chooser::may_run(const std::string& name, const Hold& hold) const {
  return hold.member && !memory_.is_quarantined(name, hold.member->identity());
}

/// Says of the better ones that they have failed, or why they would.
std::optional<Wanted> Chooser::find_best(const config::PluginConfigPtr& plugin, const catalog::RecordSet& candidates,
                                         const VersionRange& range, std::vector<Unmet>& unmet) const {
  std::set<std::string> excluded;
  for (;;) {
    auto best = highest(candidates, range, excluded);
    if (!best) return std::nullopt;
    if (plugin->placement == config::Placement::remote) best = remote_.of(best);
    auto placed = place(plugin, *best, memory_, isolated_);
    const auto* failure = memory_.find_failure(plugin->name, {best->sha256, settings_text(*placed.config)});
    if (failure == nullptr) failure = find_mark_as_asked(*plugin, best->sha256);
    if (failure != nullptr) {
      unmet.push_back({.name = plugin->name, .kind = Unmet::Kind::failed, .reason = failure->reason, .record = best});
    } else if (const auto may_start = check_ahead(*best); !may_start) {
      unmet.push_back(
          {.name = plugin->name, .kind = Unmet::Kind::refused, .reason = may_start.error().message, .record = best});
    } else {
      return Wanted{.config = std::move(placed.config), .record = std::move(best), .placed = std::move(placed.why)};
    }
    excluded.insert(best->sha256);
  }
}

/// Who runs has started.
base::Result<void> Chooser::check_ahead(const catalog::Record& record) const {
  const auto runs = memory_.running.find(record.manifest->name);
  if (!check_ahead_ || (runs != memory_.running.end() && runs->second.record->sha256 == record.sha256)) return {};
  return check_ahead_(*record.manifest);
}

/// Of an image that is isolated for a crash: its mark as its file asks for it, which another placement does not lift.
/// With a probation a mark is what keeps it isolated.
const Failure* Chooser::find_mark_as_asked(const config::PluginConfig& plugin, const std::string& sha256) const {
  if (plugin.isolated_first > 0 || memory_.find_isolation(plugin.name, sha256) == nullptr) return nullptr;
  const auto* failure = memory_.find_failure(plugin.name, {sha256, settings_text(plugin)});
  return failure != nullptr && failure->is_marked ? failure : nullptr;
}

/// Whether it is what the hold stands against. That it is isolated for a crash since makes it nothing else.
bool Chooser::is_held(const Hold& hold, const Wanted& asked_for, const config::PluginConfig& plugin) const {
  if (hold.instead_of == asked_for.identity()) return true;
  const auto& sha256 = asked_for.record->sha256;
  return memory_.find_isolation(plugin.name, sha256) != nullptr &&
         hold.instead_of == Identity{sha256, settings_text(plugin)};
}

void Chooser::take(const Wanted& asked_for, const config::PluginConfig& plugin, Choice& choice) const {
  const auto& name = asked_for.name();
  const auto held = memory_.holds.find(name);
  choice.choice = asked_for;
  choice.is_plain = choice.unmet.empty() && held == memory_.holds.end() && !memory_.failures.contains(name) &&
                    !memory_.isolations.contains(name) && asked_for.config->isolated_first == 0;
  if (held == memory_.holds.end()) {
    choice.wanted = asked_for;
  } else if (!is_held(held->second, asked_for, plugin)) {
    choice.is_lifted = true;
    choice.wanted = asked_for;
  } else if (may_run(name, held->second)) {
    choice.wanted = go_on(name, *held->second.member, held->second.reason);
  }
}

Wanted Chooser::go_on(const std::string& name, const Member& member, const std::string& why) const {
  return as_it_runs(name, place(name, member, memory_), why);
}

/// Nothing can be chosen.
std::optional<Wanted> Chooser::keep(const std::string& name) const {
  const auto held = memory_.holds.find(name);
  if (held != memory_.holds.end() && held->second.instead_of == Identity{} && may_run(name, held->second)) {
    return go_on(name, *held->second.member, held->second.reason);
  }
  const auto runs = memory_.running.find(name);
  if (runs == memory_.running.end() || memory_.is_quarantined(name, runs->second.identity())) return std::nullopt;
  return as_it_runs(name, runs->second, "it runs on as it was");
}

void Chooser::refuse(const config::PluginConfig& plugin, std::string pointer, std::string message,
                     Choice& choice) const {
  choice.diagnostics.push_back(
      {.file = plugin.file, .line = 0, .pointer = std::move(pointer), .message = std::move(message)});
  choice.unmet.push_back(
      {.name = plugin.name, .kind = Unmet::Kind::refused, .reason = choice.diagnostics.back().to_string()});
  choice.wanted = keep(plugin.name);
}

}  // namespace mortise::release
