// The switch: from one published release to the next, and what that means for those of the former.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/give_way.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using runtime::GenerationPtr;
using telemetry::Level;

void Reconciler::publish(Next next) {
  if (has_published_ && next.generations == running_) return;
  publish_release(in_order(next.generations));
  has_published_ = true;
  memory_.running = std::move(next.members);
  const auto before = std::exchange(running_, std::move(next.generations));
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
}

void Reconciler::publish_release(const std::vector<GenerationPtr>& generations) {
  base::give_way();
  auto built = contracts_.build(number_, generations);
  for (const auto& remark : built.remarks) {
    if (std::find(remarks_.begin(), remarks_.end(), remark) != remarks_.end()) continue;
    telemetry::log(Level::warning, "release", "a contract is not used", {{"reason", remark}});
  }
  remarks_ = std::move(built.remarks);
  for (auto* service : services_) service->publish(built.release);
  if (release_) forgive_callers(*release_, *built.release);
  if (release_) drains_.follow(*release_);
  release_ = std::move(built.release);
  base::give_way();
}

void Reconciler::forgive_callers(const runtime::Release& one, const runtime::Release& other) {
  std::unordered_map<const runtime::Generation*, const runtime::Cone*> known;
  for (const auto& cone : one.cones()) known.emplace(cone->entry.get(), cone.get());
  const auto is_fresh = [&](const GenerationPtr& reached) { return !known.contains(reached.get()); };
  for (const auto& cone : other.cones()) {
    const auto same = known.find(cone->entry.get());
    if (same != known.end() && same->second->reached == cone->reached) continue;
    if (std::any_of(cone->reached->begin(), cone->reached->end(), is_fresh)) cone->entry->containment().forgive();
  }
}

}  // namespace mortise::release
