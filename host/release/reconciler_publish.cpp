// The switch: from one published release to the next, and what that means for those of the former.
#include <algorithm>
#include <utility>

#include "base/give_way.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using runtime::GenerationPtr;
using telemetry::Level;

void Reconciler::publish(Next next) {
  if (has_published_ && next.generations == running_) return;
  publish_release(next.ages);
  has_published_ = true;
  memory_.running = std::move(next.members);
  ages_ = std::move(next.ages);
  const auto before = std::exchange(running_, std::move(next.generations));
  note_isolated_runs();
  std::vector<GenerationPtr> gone;
  for_each_difference(before, running_, [&](const auto* old, const auto* fresh) {
    if (old != nullptr) gone.push_back(old->second);
    if (fresh == nullptr) return;
    const auto& generation = *fresh->second;
    telemetry::log(Level::info, "release", old == nullptr ? "plugin started" : "plugin replaced",
                   {{"plugin", generation.name()},
                    {"version", generation.version_text()},
                    {"generation", generation.number_text()}});
  });
  // Who was started last may rely on those before it.
  std::sort(gone.begin(), gone.end(), [](const auto& a, const auto& b) { return a->number() > b->number(); });
  for (const auto& generation : gone) {
    const auto heir = running_.find(generation->name());
    drains_.stop(generation, heir == running_.end() ? nullptr : heir->second);
  }
  follow_probations();
  follow_memory();
}

void Reconciler::publish_release(const runtime::GenerationSet& generations) {
  base::give_way();
  if (observation_) observation_->follow(generations);
  auto built = contracts_.build(number_, generations);
  for (const auto& remark : built.remarks) {
    if (std::find(remarks_.begin(), remarks_.end(), remark) != remarks_.end()) continue;
    telemetry::log(Level::warning, "release", "a contract is not used", {{"reason", remark}});
  }
  remarks_ = std::move(built.remarks);
  for (auto* service : services_) service->publish(built.release);
  if (release_) forgive_callers(*release_, *built.release);
  if (release_) drains_.follow(*release_, *built.release);
  release_ = std::move(built.release);
  base::give_way();
}

void Reconciler::forgive_callers(const runtime::Release& one, const runtime::Release& other) {
  std::vector<const runtime::Generation*> fresh;
  std::vector<const runtime::Cone*> changed;
  for_each_difference(one.cones(), other.cones(), [&](const runtime::ConePtr* before, const runtime::ConePtr* after) {
    if (after == nullptr) return;
    if (before == nullptr) fresh.push_back((*after)->entry.get());
    if (before == nullptr || (*before)->reached != (*after)->reached) changed.push_back(after->get());
  });
  for (const auto* cone : changed) {
    const auto calls = [&](const runtime::Generation* generation) {
      return cone->entry.get() != generation && cone->reaches(*generation);
    };
    if (std::any_of(fresh.begin(), fresh.end(), calls)) cone->entry->containment().forgive();
  }
}

}  // namespace mortise::release
