#include "release/planner.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace mortise::release {
namespace {

using manifest::Manifest;

std::set<std::string> contracts_of(const Manifest* manifest) {
  std::set<std::string> contracts;
  if (manifest == nullptr) return contracts;
  for (const auto& provided : manifest->provides) contracts.insert(provided.contract);
  return contracts;
}

std::vector<std::string> compare_contracts(const Manifest* before, const Manifest* after) {
  const auto former = contracts_of(before);
  const auto next = contracts_of(after);
  std::vector<std::string> lines;
  for (const auto& contract : former) lines.push_back((next.contains(contract) ? "~ " : "- ") + contract);
  for (const auto& contract : next) {
    if (!former.contains(contract)) lines.push_back("+ " + contract);
  }
  return lines;
}

Step::Kind kind_of(const Member& from, const Wanted& to) {
  const auto& before = from.record->manifest->version;
  const auto& after = to.record->manifest->version;
  if (from.record->sha256 == to.record->sha256) return Step::Kind::reconfigure;
  if (before < after) return Step::Kind::upgrade;
  return after < before ? Step::Kind::downgrade : Step::Kind::rebuild;
}

std::string reason_as_asked(Step::Kind kind, const Wanted& wanted, const Member* from) {
  switch (kind) {
    case Step::Kind::start: return "enabled by " + wanted.config->file;
    case Step::Kind::reconfigure: {
      config::PluginConfig former;
      read_settings(from->config_text, former);
      const bool is_inline = wanted.config->placement == config::Placement::in_line;
      if (is_inline && is_isolated(from->config_text) && wanted.config->isolated_first > 0) {
        return "it has passed its probation";
      }
      const bool is_moved = former.placement != wanted.config->placement || former.remote != wanted.config->remote;
      const char* const what = is_moved                                           ? "placement"
                               : former.config_text != wanted.config->config_text ? "config"
                               : former.workers != wanted.config->workers         ? "number of workers"
                               : former.expose != wanted.config->expose           ? "list of exposed contracts"
                                                                                  : "sandbox";
      return std::string("its ") + what + " in " + wanted.config->file + " has changed";
    }
    default: break;
  }
  const bool is_ranged = wanted.config->version != "*";
  return wanted.record->path + " is the highest version" +
         (is_ranged ? " in the range '" + wanted.config->version + "'" : "");
}

std::string reason_of(Step::Kind kind, const Wanted& wanted, const Member* from) {
  if (!wanted.why.empty()) return wanted.why;
  if (wanted.placed.empty()) return reason_as_asked(kind, wanted, from);
  auto placed = "isolated, since " + wanted.placed;
  // Nothing else has changed.
  if (kind == Step::Kind::reconfigure && !is_isolated(from->config_text)) return placed;
  return reason_as_asked(kind, wanted, from) + "; " + placed;
}

/// Of one that runs and is not wanted any more.
std::string reason_to_stop(const std::string& name, const Desired& desired) {
  const auto is_it = [&](const Unmet& unmet) { return unmet.name == name; };
  const auto unmet = std::find_if(desired.unmet.begin(), desired.unmet.end(), is_it);
  return unmet == desired.unmet.end() ? "nothing in plugins.d enables it any more" : unmet->reason;
}

Step begin_step(Step::Kind kind, const std::string& name, const catalog::Record* from, const catalog::Record* to) {
  Step step;
  step.kind = kind;
  step.plugin = name;
  if (from != nullptr) {
    step.from_version = from->manifest->version.to_string();
    step.from_sha256 = from->sha256;
  }
  if (to != nullptr) {
    step.to_version = to->manifest->version.to_string();
    step.to_sha256 = to->sha256;
  }
  step.contracts =
      compare_contracts(from == nullptr ? nullptr : from->manifest.get(), to == nullptr ? nullptr : to->manifest.get());
  return step;
}

/// The manifests that a plugin has in the two sets, each once.
std::set<const Manifest*> manifests_of(const std::string& name, const WantedSet& wanted, const Members& running) {
  std::set<const Manifest*> manifests;
  const auto one = wanted.find(name);
  const auto runs = running.find(name);
  if (one != wanted.end()) manifests.insert(one->record->manifest.get());
  if (runs != running.end()) manifests.insert(runs->second.record->manifest.get());
  return manifests;
}

}  // namespace

Plan Planner::plan(const Desired& desired, const Members& running) {
  const auto touched = find_touched(desired, running);
  if (consumers_) index_again(touched, desired, running);
  wanted_ = desired.wanted;
  running_ = running;
  differing_.clear();
  std::vector<const Wanted*> to_come;
  std::vector<const Members::value_type*> to_stop;
  for (const auto& name : touched) {
    const auto wanted = wanted_.find(name);
    const auto runs = running_.find(name);
    const bool is_wanted = wanted != wanted_.end();
    const bool is_running = runs != running_.end();
    if (is_wanted == is_running && (!is_wanted || wanted->is_as(runs->second))) continue;
    differing_.insert(name);
    if (is_wanted) {
      to_come.push_back(&*wanted);
    } else {
      to_stop.push_back(&*runs);
    }
  }
  std::sort(to_come.begin(), to_come.end(), [&](const Wanted* a, const Wanted* b) {
    return desired.order->place_of(a->name()) < desired.order->place_of(b->name());
  });
  Plan plan;
  for (const auto* wanted : to_come) {
    const auto runs = running_.find(wanted->name());
    const auto kind = runs == running_.end() ? Step::Kind::start : kind_of(runs->second, *wanted);
    const auto* from = runs == running_.end() ? nullptr : runs->second.record.get();
    plan.steps.push_back(begin_step(kind, wanted->name(), from, wanted->record.get()));
    plan.steps.back().reason = reason_of(kind, *wanted, runs == running_.end() ? nullptr : &runs->second);
  }
  for (const auto* runs : to_stop) {
    plan.steps.push_back(begin_step(Step::Kind::stop, runs->first, runs->second.record.get(), nullptr));
    plan.steps.back().reason = reason_to_stop(runs->first, desired);
  }
  if (!plan.steps.empty() && !consumers_) index_all();
  for (auto& step : plan.steps) step.affected = consumers_->of(step.plugin);
  for (const auto& unmet : desired.unmet) {
    plan.refusals.push_back({.plugin = unmet.name,
                             .reason = unmet.reason,
                             .exhibit = unmet.exhibit,
                             .keeps_running = running_.contains(unmet.name) && wanted_.contains(unmet.name)});
  }
  return plan;
}

/// Those that may differ; all others do not.
Planner::Names Planner::find_touched(const Desired& desired, const Members& running) const {
  auto touched = differing_;
  for_each_difference(wanted_, desired.wanted, [&](const Wanted* before, const Wanted* after) {
    touched.insert((after == nullptr ? before : after)->name());
  });
  for_each_difference(running_, running, [&](const auto* before, const auto* after) {
    touched.insert((after == nullptr ? before : after)->first);
  });
  return touched;
}

void Planner::index_all() {
  consumers_.emplace();
  const auto add = [&](const std::string& name) {
    for (const auto* manifest : manifests_of(name, wanted_, running_)) consumers_->add(name, *manifest);
  };
  for (const auto& wanted : wanted_) add(wanted.name());
  for (const auto& [name, member] : running_) {
    if (!wanted_.contains(name)) add(name);
  }
}

void Planner::index_again(const Names& touched, const Desired& desired, const Members& running) {
  for (const auto& name : touched) {
    const auto before = manifests_of(name, wanted_, running_);
    const auto after = manifests_of(name, desired.wanted, running);
    if (before == after) continue;
    for (const auto* manifest : before) consumers_->remove(name, *manifest);
    for (const auto* manifest : after) consumers_->add(name, *manifest);
  }
}

Plan make_plan(const Desired& desired, const Members& running) { return Planner().plan(desired, running); }

}  // namespace mortise::release
