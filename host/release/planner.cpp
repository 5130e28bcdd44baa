#include "release/planner.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace mortise::release {
namespace {

using manifest::Manifest;

/// Who calls whom, by the contracts in the manifests of those that run or will run.
class Consumers {
 public:
  Consumers(const Desired& desired, const Members& running) {
    for (const auto& wanted : desired.wanted) add(wanted.name(), *wanted.record->manifest);
    for (const auto& [name, member] : running) add(name, *member.record->manifest);
  }

  /// Directly or through others, without the plugin itself.
  [[nodiscard]] std::vector<std::string> of(const std::string& plugin) const {
    std::set<std::string_view> found{plugin};
    std::vector<std::string_view> open{plugin};
    while (!open.empty()) {
      const auto provided = provided_.find(open.back());
      open.pop_back();
      if (provided == provided_.end()) continue;
      for (const auto contract : provided->second) {
        const auto consumers = consumers_.find(contract);
        if (consumers == consumers_.end()) continue;
        for (const auto consumer : consumers->second) {
          if (found.insert(consumer).second) open.push_back(consumer);
        }
      }
    }
    found.erase(plugin);
    return {found.begin(), found.end()};
  }

 private:
  void add(const std::string& name, const Manifest& manifest) {
    for (const auto& provided : manifest.provides) provided_[name].push_back(provided.contract);
    for (const auto& required : manifest.requires_) consumers_[required.contract].push_back(name);
  }

  // The texts are those of the manifests and members, which outlive this.
  std::unordered_map<std::string_view, std::vector<std::string_view>> provided_;
  std::unordered_map<std::string_view, std::vector<std::string_view>> consumers_;
};

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

std::string reason_of(Step::Kind kind, const Wanted& wanted) {
  if (!wanted.why.empty()) return wanted.why;
  switch (kind) {
    case Step::Kind::start: return "enabled by " + wanted.config->file;
    case Step::Kind::reconfigure: return "its config in " + wanted.config->file + " has changed";
    default: break;
  }
  const bool is_ranged = wanted.config->version != "*";
  return wanted.record->path + " is the highest version" +
         (is_ranged ? " in the range '" + wanted.config->version + "'" : "");
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

}  // namespace

Plan make_plan(const Desired& desired, const Members& running) {
  Plan plan;
  std::unordered_set<std::string_view> wanted_names;
  for (const auto& wanted : desired.wanted) {
    wanted_names.insert(wanted.name());
    const auto runs = running.find(wanted.name());
    const bool is_new = runs == running.end();
    if (!is_new && wanted.is_as(runs->second)) continue;
    const auto kind = is_new ? Step::Kind::start : kind_of(runs->second, wanted);
    plan.steps.push_back(
        begin_step(kind, wanted.name(), is_new ? nullptr : runs->second.record.get(), wanted.record.get()));
    plan.steps.back().reason = reason_of(kind, wanted);
  }
  for (const auto& [name, member] : running) {
    if (wanted_names.contains(name)) continue;
    plan.steps.push_back(begin_step(Step::Kind::stop, name, member.record.get(), nullptr));
    plan.steps.back().reason = reason_to_stop(name, desired);
  }
  if (!plan.steps.empty()) {
    const Consumers consumers(desired, running);
    for (auto& step : plan.steps) step.affected = consumers.of(step.plugin);
  }
  for (const auto& unmet : desired.unmet) {
    plan.refusals.push_back({.plugin = unmet.name,
                             .reason = unmet.reason,
                             .exhibit = unmet.exhibit,
                             .keeps_running = running.contains(unmet.name) && wanted_names.contains(unmet.name)});
  }
  return plan;
}

}  // namespace mortise::release
