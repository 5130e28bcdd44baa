#include "release/desired.hpp"

#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/strings.hpp"
#include "release/chooser.hpp"
#include "release/order.hpp"
#include "release/orderer.hpp"
#include "release/placement.hpp"
#include "release/retain.hpp"
#include "release/topic_forms.hpp"

namespace mortise::release {
namespace {

using Names = std::set<std::string>;

/// The plugin that a record is about, as far as it can tell.
std::string name_of(const catalog::Record& record) {
  return record.manifest ? record.manifest->name : std::string(base::file_stem(record.path));
}

std::string file_name_of(const std::string& plugin) { return plugin + ".json"; }

/// Has it be what it was found to be.
void settle(const std::string& name, const std::optional<Wanted>& found, WantedSet& set) {
  const auto before = set.find(name);
  if (!found) {
    set.erase(name);
  } else if (before == set.end() || *before != *found) {
    set.put(*found);
  }
}

void append(const Choice& choice, Desired& desired) {
  desired.unmet.insert(desired.unmet.end(), choice.unmet.begin(), choice.unmet.end());
  desired.diagnostics.insert(desired.diagnostics.end(), choice.diagnostics.begin(), choice.diagnostics.end());
}

}  // namespace

StartOrder::StartOrder(std::vector<std::string> names) : names_(std::move(names)) {
  places_.reserve(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) places_.emplace(names_[i], i);
}

void Desired::set_wanted(std::vector<Wanted> ordered) {
  std::vector<std::string> names;
  names.reserve(ordered.size());
  for (const auto& one : ordered) names.push_back(one.name());
  order = std::make_shared<StartOrder>(std::move(names));
  wanted = WantedSet(std::move(ordered));
}

std::vector<const Wanted*> Desired::wanted_in_order() const {
  std::vector<const Wanted*> list;
  list.reserve(wanted.size());
  for (const auto& name : order->names()) list.push_back(&wanted.at(name));
  return list;
}

Desired desire(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
               const std::filesystem::path& drop_directory, const Memory& memory, const CheckAhead& check_ahead) {
  return Desiring().desire(plugins, records, drop_directory, memory, check_ahead);
}

/// What each plugin has come to last, and what that was found from.
class Desiring::Known {
 public:
  Desired desire(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
                 const std::filesystem::path& drop_directory, const Memory& memory, const CheckAhead& check_ahead) {
    const Chooser chooser(drop_directory, memory, isolated_, remote_, check_ahead);
    for (const auto& name : find_touched(plugins.plugins, records, memory)) choose(name, chooser);
    Desired desired;
    for (const auto& [file, choice] : uncommon_) {
      append(choice, desired);
      if (choice.is_lifted) desired.lifted.push_back(file.substr(0, file.rfind('.')));
    }
    last_.clear();
    Names faulty;
    for (const auto& problem : plugins.problems) {
      const auto choice = chooser.pass_on(problem);
      append(choice, desired);
      add_last(problem.file.stem().string(), choice, faulty);
    }
    Names held;
    for (const auto& [name, hold] : memory.holds) {
      if (enabled_.contains(file_name_of(name)) || faulty.contains(name)) continue;
      const auto choice = chooser.stay(name, hold);
      if (choice.is_lifted) desired.lifted.push_back(name);
      add_last(name, choice, held);
    }
    desired.enabled = enabled_;
    desired.choices = choices_;
    order(faulty, memory.running, desired);
    return desired;
  }

 private:
  /// The plugins that may come to something else than last time, and those that have come to something uncommon.
  Names find_touched(const config::PluginConfigSet& configs, const catalog::RecordSet& records, const Memory& memory) {
    Names touched(last_.begin(), last_.end());
    for (const auto& [file, choice] : uncommon_) touched.insert(file.substr(0, file.rfind('.')));
    for (const auto& [name, failures] : memory.failures) touched.insert(name);
    for (const auto& [name, hold] : memory.holds) touched.insert(name);
    for (const auto& [name, isolations] : memory.isolations) touched.insert(name);
    for_each_difference(configs_, configs, [&](const auto* before, const auto* after) {
      touched.insert((*(after == nullptr ? before : after))->name);
    });
    for_each_difference(records_, records, [&](const auto* before, const auto* after) {
      if (before != nullptr) touched.insert(forget(**before));
      if (after != nullptr) touched.insert(keep(*after));
    });
    configs_ = configs;
    records_ = records;
    return touched;
  }

  std::string forget(const catalog::Record& record) {
    auto name = name_of(record);
    const auto candidates = candidates_.find(name);
    candidates->second.erase(record.path);
    if (candidates->second.empty()) candidates_.erase(candidates);
    return name;
  }
  std::string keep(const catalog::RecordPtr& record) {
    auto name = name_of(*record);
    candidates_[name].put(record);
    return name;
  }

  /// What the plugin's own file in plugins.d comes to, if there is one.
  void choose(const std::string& name, const Chooser& chooser) {
    const auto file = file_name_of(name);
    const auto config = configs_.find(file);
    uncommon_.erase(file);
    if (config == configs_.end() || !(*config)->enabled) {
      enabled_.erase(file);
      choices_.erase(name);
      wanted_.erase(name);
      return;
    }
    static const catalog::RecordSet kNone;
    const auto candidates = candidates_.find(name);
    auto choice = chooser.choose(*config, candidates == candidates_.end() ? kNone : candidates->second);
    const auto before = enabled_.find(file);
    if (before == enabled_.end() || *before != *config) enabled_.put(*config);
    settle(name, choice.choice, choices_);
    settle(name, choice.wanted, wanted_);
    if (!choice.is_plain) uncommon_.emplace(file, std::move(choice));
  }

  /// One without a file that can be read comes after those that have one, once.
  void add_last(const std::string& name, const Choice& choice, Names& seen) {
    if (!seen.insert(name).second || !choice.wanted) return;
    settle(name, choice.wanted, wanted_);
    last_.push_back(name);
  }

  /// Orders, and while that costs a running plugin its contracts, or a topic its one form, takes changes back.
  void order(const Names& faulty, const Members& running, Desired& desired) {
    desired.wanted = wanted_;
    if (auto known = orderer_.find(wanted_, last_)) {
      desired.order = std::move(known);
      return;
    }
    auto wanted = list_wanted();
    const auto spares = find_spares(faulty);
    for (bool is_first = true;; is_first = false) {
      auto before = wanted;
      auto others = refuse_other_forms(wanted, running);
      // Before anybody is found to lack what these provide, who run on as they are.
      if (take_back_changes(before, others, running, desired.unmet)) {
        wanted = std::move(before);
        continue;
      }
      auto found = order_by_contracts(std::move(wanted), spares);
      found.refused.insert(found.refused.begin(), others.begin(), others.end());
      const bool is_whole = found.refused.empty();
      if (is_whole || !take_back_changes(before, found.refused, running, desired.unmet)) {
        desired.set_wanted(std::move(found.ordered));
        for (auto& refused : found.refused) desired.unmet.push_back(std::move(refused));
        if (!is_first || !is_whole) return;
        desired.wanted = wanted_;  // which is the same, and shares pages with what was said before
        orderer_.keep(wanted_, last_, desired.order);
        return;
      }
      wanted = std::move(before);
    }
  }

  /// Who does not depend on another one starts in this order.
  [[nodiscard]] std::vector<Wanted> list_wanted() const {
    std::vector<Wanted> list;
    list.reserve(wanted_.size());
    for (const auto& config : enabled_) {
      const auto wanted = wanted_.find(config->name);
      if (wanted != wanted_.end()) list.push_back(*wanted);
    }
    for (const auto& name : last_) list.push_back(wanted_.at(name));
    return list;
  }

  /// The verified files of which a plugin that lacks a provider can be told.
  [[nodiscard]] std::vector<Spare> find_spares(const Names& faulty) const {
    std::unordered_set<const catalog::Record*> chosen;
    chosen.reserve(wanted_.size());
    for (const auto& one : wanted_) chosen.insert(one.record.get());
    std::vector<Spare> spares;
    for (const auto& record : records_) {
      const bool provides = record->state == catalog::FileState::verified && !record->manifest->provides.empty();
      if (!provides || chosen.contains(record.get())) continue;
      const auto& name = record->manifest->name;
      const bool is_enabled = enabled_.contains(file_name_of(name)) || faulty.contains(name);
      spares.push_back({.record = record, .is_enabled = is_enabled});
    }
    return spares;
  }

  config::PluginConfigSet configs_;                                 // as last given
  catalog::RecordSet records_;                                      // likewise
  std::unordered_map<std::string, catalog::RecordSet> candidates_;  // of records_, by the plugin that they name
  config::PluginConfigSet enabled_;
  WantedSet choices_;
  WantedSet wanted_;                        // before changes are taken back
  std::map<std::string, Choice> uncommon_;  // by file name: what enabled plugins come to that is not plain
  std::vector<std::string> last_;           // of wanted_, those without a file that can be read, in order
  Orderer orderer_;
  IsolatedConfigs isolated_;
  RemoteRecords remote_;
};

Desiring::Desiring() : known_(std::make_unique<Known>()) {}
Desiring::Desiring(Desiring&&) noexcept = default;
Desiring& Desiring::operator=(Desiring&&) noexcept = default;
Desiring::~Desiring() = default;

Desired Desiring::desire(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
                         const std::filesystem::path& drop_directory, const Memory& memory,
                         const CheckAhead& check_ahead) {
  return known_->desire(plugins, records, drop_directory, memory, check_ahead);
}

std::map<std::string, Identity> identities_of(const WantedSet& choices) {
  std::map<std::string, Identity> identities;
  for (const auto& choice : choices) identities.emplace(choice.name(), choice.identity());
  return identities;
}

std::vector<config::Diagnostic> check_desired(const config::LoadedPlugins& plugins, const catalog::RecordSet& records,
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
