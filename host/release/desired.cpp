#include "release/desired.hpp"

#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/strings.hpp"
#include "release/choices.hpp"
#include "release/orderer.hpp"
#include "release/retain.hpp"

namespace mortise::release {
namespace {

using manifest::VersionRange;

using Names = std::unordered_set<std::string>;

/// The records that name a plugin, by that name.
using ByName = std::unordered_map<std::string_view, std::vector<catalog::RecordPtr>>;

ByName index_by_name(const std::vector<catalog::RecordPtr>& records) {
  ByName index;
  index.reserve(records.size());
  for (const auto& record : records) {
    // The text is the record's own, which the index holds.
    index[record->manifest ? std::string_view(record->manifest->name) : base::file_stem(record->path)].push_back(
        record);
  }
  return index;
}

/// The highest verified version in the range that is none of `excluded`.
catalog::RecordPtr highest(const std::vector<catalog::RecordPtr>& candidates, const VersionRange& range,
                           const std::set<std::string>& excluded) {
  catalog::RecordPtr best;
  for (const auto& record : candidates) {
    if (record->state != catalog::FileState::verified || !range.contains(record->manifest->version)) continue;
    if (best && !(best->manifest->version < record->manifest->version)) continue;
    if (!excluded.contains(record->sha256)) best = record;
  }
  return best;
}

/// Why no candidate will do.
Unmet explain(const config::PluginConfig& plugin, const std::vector<catalog::RecordPtr>& candidates,
              const std::filesystem::path& drop_directory) {
  Unmet unmet{.name = plugin.name, .kind = Unmet::Kind::waiting, .reason = {}};
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

/// Makes each plugin's choice, or says what keeps it from being made; then who runs goes on.
class Chooser {
 public:
  Chooser(const ByName& by_name, const std::filesystem::path& drop_directory, const Memory& memory, Choices& known)
      : by_name_(by_name), drop_directory_(drop_directory), memory_(memory), known_(known) {}

  void choose(const config::PluginConfigPtr& config) {
    const auto& plugin = *config;
    const auto found = by_name_.find(plugin.name);
    static const std::vector<catalog::RecordPtr> kNone;
    const auto& candidates = found == by_name_.end() ? kNone : found->second;
    const bool has_failed = !memory_.failures.empty() && memory_.failures.contains(plugin.name);
    if (!has_failed) {
      if (const auto known = known_.find(config, candidates)) return take({config, known});
    }
    const auto range = VersionRange::parse(plugin.version);
    if (!range) return refuse(plugin, "/version", range.error().message);
    const auto record = find_best(plugin, candidates, *range);
    if (!record) {
      const bool is_said = !desired.unmet.empty() && desired.unmet.back().name == plugin.name;  // that all have failed
      if (!is_said) desired.unmet.push_back(explain(plugin, candidates, drop_directory_));
      return keep(plugin.name);
    }
    auto faults = config::check_against_schema(plugin, record->manifest->config_schema.get());
    if (faults.empty()) {
      if (!has_failed) known_.keep(config, candidates, record);
      return take({config, record});
    }
    desired.unmet.push_back(
        {.name = plugin.name, .kind = Unmet::Kind::refused, .reason = faults.front().to_string(), .record = record});
    for (auto& fault : faults) desired.diagnostics.push_back(std::move(fault));
    keep(plugin.name);
  }

  /// A file of plugins.d that cannot be read.
  void pass_on(const config::Diagnostic& problem) {
    const auto name = problem.file.stem().string();
    desired.diagnostics.push_back(problem);
    desired.unmet.push_back({.name = name, .kind = Unmet::Kind::refused, .reason = problem.to_string()});
    keep(name);
  }

  /// Those that a rollback brought back although nothing asks for them; after all others.
  void hold_the_rest(const Names& enabled) {
    for (const auto& [name, hold] : memory_.holds) {
      if (enabled.contains(name)) continue;
      if (hold.instead_of != Identity{}) {
        desired.lifted.push_back(name);
      } else if (may_run(name, hold)) {
        wanted.push_back(as_it_runs(name, *hold.member, hold.reason));
      }
    }
  }

  Desired desired;
  std::vector<Wanted> wanted;

 private:
  /// Not what has crashed the host since.
  [[nodiscard]] bool may_run(const std::string& name, const Hold& hold) const {
    return hold.member && !memory_.is_quarantined(name, hold.member->identity());
  }

  /// Says of the better ones that they have failed.
  catalog::RecordPtr find_best(const config::PluginConfig& plugin, const std::vector<catalog::RecordPtr>& candidates,
                               const VersionRange& range) {
    std::set<std::string> excluded;
    for (;;) {
      auto best = highest(candidates, range, excluded);
      const auto* failure = best ? memory_.find_failure(plugin.name, {best->sha256, plugin.config_text}) : nullptr;
      if (failure == nullptr) return best;
      desired.unmet.push_back(
          {.name = plugin.name, .kind = Unmet::Kind::failed, .reason = failure->reason, .record = best});
      excluded.insert(best->sha256);
    }
  }

  void take(Wanted choice) {
    desired.choices.push_back(choice);
    const auto held = memory_.holds.find(choice.name());
    if (held == memory_.holds.end()) {
      wanted.push_back(std::move(choice));
    } else if (held->second.instead_of != choice.identity()) {
      desired.lifted.push_back(choice.name());
      wanted.push_back(std::move(choice));
    } else if (may_run(choice.name(), held->second)) {
      wanted.push_back(as_it_runs(choice.name(), *held->second.member, held->second.reason));
    }
  }

  /// Nothing can be chosen.
  void keep(const std::string& name) {
    const auto held = memory_.holds.find(name);
    if (held != memory_.holds.end() && held->second.instead_of == Identity{} && may_run(name, held->second)) {
      wanted.push_back(as_it_runs(name, *held->second.member, held->second.reason));
      return;
    }
    const auto runs = memory_.running.find(name);
    if (runs != memory_.running.end()) wanted.push_back(as_it_runs(name, runs->second, "it runs on as it was"));
  }

  void refuse(const config::PluginConfig& plugin, std::string pointer, std::string message) {
    desired.diagnostics.push_back(
        {.file = plugin.file, .line = 0, .pointer = std::move(pointer), .message = std::move(message)});
    desired.unmet.push_back(
        {.name = plugin.name, .kind = Unmet::Kind::refused, .reason = desired.diagnostics.back().to_string()});
    keep(plugin.name);
  }

  const ByName& by_name_;
  const std::filesystem::path& drop_directory_;
  const Memory& memory_;
  Choices& known_;
};

/// The verified files of which a plugin that lacks a provider can be told.
std::vector<Spare> find_spares(const Names& enabled, const std::vector<catalog::RecordPtr>& records,
                               const std::vector<Wanted>& wanted) {
  std::unordered_set<const catalog::Record*> chosen;
  chosen.reserve(wanted.size());
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

/// Orders, and while that costs a running plugin its contracts, takes changes back.
void order(std::vector<Wanted> wanted, const std::vector<Spare>& spares, const Members& running, Orderer& orderer,
           Desired& desired) {
  for (;;) {
    auto before = running.empty() ? std::vector<Wanted>() : wanted;
    auto order = orderer.order(std::move(wanted), spares);
    if (!take_back_changes(before, order.refused, running, desired.unmet)) {
      desired.wanted = std::move(order.ordered);
      for (auto& refused : order.refused) desired.unmet.push_back(std::move(refused));
      return;
    }
    wanted = std::move(before);
  }
}

}  // namespace

Desired desire(const config::LoadedPlugins& plugins, const std::vector<catalog::RecordPtr>& records,
               const std::filesystem::path& drop_directory, const Memory& memory) {
  return Desiring().desire(plugins, records, drop_directory, memory);
}

struct Desiring::Known {
  Choices choices;
  Orderer orderer;
};

Desiring::Desiring() : known_(std::make_unique<Known>()) {}
Desiring::Desiring(Desiring&&) noexcept = default;
Desiring& Desiring::operator=(Desiring&&) noexcept = default;
Desiring::~Desiring() = default;

Desired Desiring::desire(const config::LoadedPlugins& plugins, const std::vector<catalog::RecordPtr>& records,
                         const std::filesystem::path& drop_directory, const Memory& memory) {
  const auto by_name = index_by_name(records);
  known_->choices.begin();
  Chooser chooser(by_name, drop_directory, memory, known_->choices);
  chooser.wanted.reserve(plugins.plugins.size());
  chooser.desired.enabled.reserve(plugins.plugins.size());
  chooser.desired.choices.reserve(plugins.plugins.size());
  Names enabled;
  enabled.reserve(plugins.plugins.size());
  for (const auto& plugin : plugins.plugins) {
    if (!plugin->enabled) continue;
    enabled.insert(plugin->name);
    chooser.desired.enabled.push_back(plugin);
    chooser.choose(plugin);
  }
  for (const auto& problem : plugins.problems) {
    enabled.insert(problem.file.stem().string());
    chooser.pass_on(problem);
  }
  chooser.hold_the_rest(enabled);
  known_->choices.end();
  auto desired = std::move(chooser.desired);
  const auto spares = find_spares(enabled, records, chooser.wanted);
  order(std::move(chooser.wanted), spares, memory.running, known_->orderer, desired);
  return desired;
}

std::map<std::string, Identity> identities_of(const std::vector<Wanted>& choices) {
  std::map<std::string, Identity> identities;
  for (const auto& choice : choices) identities.emplace(choice.name(), choice.identity());
  return identities;
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
      if (plugin->name == unmet.name) diagnostic.file = plugin->file;
    }
    diagnostics.push_back(std::move(diagnostic));
  }
  return diagnostics;
}

}  // namespace mortise::release
