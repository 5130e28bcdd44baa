#include "runtime/contracts.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "runtime/contracts_table.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

using Generations = std::vector<const Generation*>;

/// Each once, in the order of their addresses.
Generations providers_of(const Bound& bound) {
  Generations providers;
  for (const auto& link : bound.links) {
    for (const auto& provider : link.providers) providers.push_back(provider.generation);
  }
  std::sort(providers.begin(), providers.end());
  providers.erase(std::unique(providers.begin(), providers.end()), providers.end());
  return providers;
}

}  // namespace

std::span<const Offer> Contracts::offers() noexcept {
  static const std::array kOffers{Offer{MORTISE_CONTRACTS_V1, &contracts_table()}};
  return kOffers;
}

const void* Contracts::interface(std::string_view id) const noexcept { return find_offer(offers(), id); }

base::Result<void> Contracts::initialised(const Generation& generation) { return registry_.check_complete(generation); }

std::vector<Service::Conflict> Contracts::check(const GenerationSet& next) {
  const std::lock_guard lock(mutex_);
  return binder_.resolve(next).conflicts;
}

void Contracts::forget(const Generation& generation) {
  const std::lock_guard lock(mutex_);
  binder_.forget(generation);
  registry_.forget(generation);
}

void Contracts::observe(std::shared_ptr<ObservedCalls> calls) {
  const std::lock_guard lock(mutex_);
  binder_.observe(std::move(calls));
}

/// Cones that stay from release to release keep the tables of those that they were made for; before these are too many,
/// all get a new one.
bool Contracts::is_renewal_due() {
  constexpr std::size_t kMostTables = 16;
  std::erase_if(tables_, [](const auto& table) { return table.expired(); });
  return tables_.size() >= kMostTables;
}

Contracts::Built Contracts::build(std::uint64_t number, const GenerationSet& generations) {
  const std::lock_guard lock(mutex_);
  auto resolution = binder_.resolve(generations);
  auto& bounds = resolution.bounds;
  const auto last = last_.lock();
  if (!last) {
    last_bounds_ = {};
    tables_.clear();
  }
  const auto table = last ? make_table(*last->bindings(), last_bounds_, bounds) : make_table(bounds);
  const auto cone_of = [&](const GenerationPtr& entry, Reached reached) {
    return std::make_shared<const Cone>(Cone{.entry = entry,
                                             .reached = std::move(reached),
                                             .bindings = table,
                                             .arena_max_bytes = arena_max_bytes_,
                                             .memory = &entry->memory()});
  };
  std::set<std::uint64_t> changed;
  std::vector<std::uint64_t> gone;
  std::map<Generations, Reached> reached_by_gone;
  for_each_difference(last_bounds_, bounds, [&](const BoundEntry* before, const BoundEntry* after) {
    if (after != nullptr) {
      changed.insert(after->first);
      return;
    }
    gone.push_back(before->first);
    if (before->second) {
      reached_by_gone.emplace(providers_of(*before->second), last->cones().at(before->first)->reached);
    }
  });
  changed = binder_.with_consumers(std::move(changed));
  // Most that come are bound to the providers of the version that goes. Where these are as they were, so is all behind.
  const auto reach = [&](std::uint64_t one) {
    const auto providers = providers_of(*bounds.at(one).second);
    const auto known = reached_by_gone.find(providers);
    const auto is_changed = [&](const Generation* provider) { return changed.contains(provider->number()); };
    const bool is_known =
        known != reached_by_gone.end() && std::none_of(providers.begin(), providers.end(), is_changed);
    return is_known ? known->second : binder_.reach(one);
  };
  std::vector<ConePtr> fresh;
  for (const auto one : changed) fresh.push_back(cone_of(generations.at(one).lock(), reach(one)));
  auto cones = last ? last->cones() : ConeSet();
  for (const auto one : gone) cones.erase(one);
  if (is_renewal_due()) {
    std::vector<ConePtr> renewed;
    for (const auto& cone : cones) renewed.push_back(cone_of(cone->entry, cone->reached));
    cones = ConeSet(std::move(renewed));
    tables_.clear();
  }
  if (cones.empty()) {
    cones = ConeSet(std::move(fresh));
  } else {
    for (auto& cone : fresh) cones.put(std::move(cone));
  }
  tables_.push_back(table);
  auto release = std::make_shared<const Release>(number, std::move(cones), table);
  last_ = release;
  last_bounds_ = std::move(bounds);
  return {.release = std::move(release), .remarks = std::move(resolution.remarks)};
}

}  // namespace mortise::runtime
