#include "runtime/binder.hpp"

#include <algorithm>
#include <utility>

#include "manifest/provider_match.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

using manifest::Mismatch;

constexpr const char* kRemedy = "; drop and enable one that will do";
constexpr const char* kAbsence =
    ", which no running plugin provides; see in `mortise list` why its provider does not run, or enable another";

std::string title(const Generation& generation) { return "'" + generation.name() + "' " + generation.version_text(); }

/// Of two providers of one contract; so that a restart chooses the same.
bool is_before(const Bound::Provider& a, const Bound::Provider& b) {
  const auto& first = *a.provision->declared;
  const auto& second = *b.provision->declared;
  if (first.rank != second.rank) return first.rank > second.rank;
  return first.name < second.name;
}

std::vector<mortise_provider> to_abi_list(const std::vector<Bound::Provider>& providers) {
  std::vector<mortise_provider> list;
  list.reserve(providers.size());
  for (const auto& [generation, provision] : providers) {
    const auto& declared = *provision->declared;
    list.push_back(
        {.contract = provision->provided, .name = to_abi(declared.name), .rank = declared.rank, .reserved = 0});
  }
  return list;
}

const GenerationPtr& owner_of(const Generation* generation, std::span<const GenerationPtr> generations) {
  return *std::find_if(generations.begin(), generations.end(),
                       [&](const GenerationPtr& one) { return one.get() == generation; });
}

}  // namespace

Resolution Binder::resolve(std::span<const GenerationPtr> generations) {
  const auto entries = enter(generations);
  find_providers(generations, entries);
  Resolution resolution;
  resolution.bounds.reserve(generations.size());
  for (std::size_t i = 0; i < generations.size(); ++i) {
    auto& entry = *entries[i];
    if (is_kept(entry)) {
      resolution.bounds.push_back(entry.bound);
      continue;
    }
    entry.bound = bind_all(generations[i], *entry.registered, generations, resolution.conflicts);
    resolution.bounds.push_back(entry.bound);
  }
  touched_.assign(touched_.size(), false);
  return resolution;
}

/// Null when it is in a conflict.
BoundPtr Binder::bind_all(const GenerationPtr& consumer, const Registered& registered,
                          std::span<const GenerationPtr> generations, std::vector<Service::Conflict>& conflicts) const {
  auto bound = std::make_shared<Bound>();
  bool is_whole = true;
  for (const auto& requirement : registered.requirements) {
    Misfits misfits;
    if (bind(*consumer, requirement, *bound, misfits)) continue;
    is_whole = false;
    auto message = "plugin " + title(*consumer) + " requires contract " + to_string(*requirement.declared);
    message += misfits.providers.empty() ? kAbsence : misfits.why + (misfits.has_remedy ? "" : kRemedy);
    conflicts.push_back({.culprit = consumer, .message = std::move(message), .others = {}});
    for (const auto* other : misfits.providers) conflicts.back().others.push_back(owner_of(other, generations));
  }
  return is_whole ? bound : nullptr;
}

/// The entries by place. Touches the contracts of those that come and of those that go.
std::vector<Binder::Entry*> Binder::enter(std::span<const GenerationPtr> generations) {
  static const Registered kNothing;
  auto former = std::exchange(entries_, {});
  entries_.reserve(generations.size());
  std::vector<Entry*> entries;
  entries.reserve(generations.size());
  for (const auto& generation : generations) {
    if (auto known = former.extract(generation->number())) {
      entries.push_back(&entries_.insert(std::move(known)).position->second);
      continue;
    }
    const auto* registered = registry_.find(*generation);
    auto& entry = entries_[generation->number()];
    entry.registered = registered == nullptr ? &kNothing : registered;
    touch(entry);
    entries.push_back(&entry);
  }
  for (const auto& [number, gone] : former) touch(gone);
  return entries;
}

void Binder::touch(const Entry& entry) {
  for (const auto& provision : entry.registered->provisions) {
    if (provision.contract >= touched_.size()) touched_.resize(provision.contract + 1);
    touched_[provision.contract] = true;
  }
}

void Binder::find_providers(std::span<const GenerationPtr> generations, const std::vector<Entry*>& entries) {
  if (providers_.size() < touched_.size()) providers_.resize(touched_.size());
  for (std::size_t contract = 0; contract < touched_.size(); ++contract) {
    if (touched_[contract]) providers_[contract].clear();
  }
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (const auto& provision : entries[i]->registered->provisions) {
      if (is_touched(provision.contract)) providers_[provision.contract].push_back({generations[i].get(), &provision});
    }
  }
  for (std::size_t contract = 0; contract < touched_.size(); ++contract) {
    if (touched_[contract]) std::stable_sort(providers_[contract].begin(), providers_[contract].end(), is_before);
  }
}

bool Binder::is_kept(const Entry& entry) const {
  const auto& requirements = entry.registered->requirements;
  return entry.bound != nullptr &&
         std::none_of(requirements.begin(), requirements.end(),
                      [&](const Requirement& requirement) { return is_touched(requirement.contract); });
}

/// False: there is none that will do, and it must have one.
bool Binder::bind(const Generation& consumer, const Requirement& requirement, Bound& bound, Misfits& misfits) const {
  const auto& required = *requirement.declared;
  Bound::Link link{.slot = requirement.slot, .is_list = required.all, .providers = {}};
  bound.slots = std::max(bound.slots, requirement.slot + 1);
  static const std::vector<Bound::Provider> kNone;
  const auto& candidates = requirement.contract < providers_.size() ? providers_[requirement.contract] : kNone;
  for (const auto& candidate : candidates) {
    const auto& provider = *candidate.generation;
    if (&provider == &consumer) continue;
    const auto mismatch = manifest::find_mismatch(*consumer.spec().manifest, required, *provider.spec().manifest,
                                                  *candidate.provision->declared);
    if (!mismatch) {
      if (required.all || link.providers.empty()) link.providers.push_back(candidate);
    } else if (mismatch->kind != Mismatch::Kind::name) {  // another name is another provider, not a fault
      misfits.providers.push_back(&provider);
      misfits.why += "; " + mismatch->reason;
      misfits.has_remedy = misfits.has_remedy || mismatch->kind == Mismatch::Kind::methods;
    }
  }
  const bool is_met = required.all || !link.providers.empty();
  if (!is_met && !required.optional) return false;
  if (!misfits.why.empty() && (required.all || !is_met)) {
    bound.remarks.push_back("plugin " + title(consumer) + " does without a provider of contract " +
                            to_string(required) + misfits.why + (misfits.has_remedy ? "" : kRemedy));
  }
  if (is_met) bound.links.push_back(std::move(link));
  return true;
}

void Binder::forget(const Generation& generation) {
  const auto entry = entries_.extract(generation.number());
  if (entry) touch(entry.mapped());
}

std::shared_ptr<const BindingTable> make_table(std::span<const BoundPtr> bounds) {
  std::uint32_t slots = 0;
  for (const auto& bound : bounds) slots = std::max(slots, bound ? bound->slots : 0);
  auto table = std::make_shared<BindingTable>(slots);
  for (const auto& bound : bounds) {
    if (!bound) continue;
    for (const auto& link : bound->links) {
      if (link.is_list) {
        table->bind_all(link.slot, to_abi_list(link.providers));
      } else {
        table->bind(link.slot, link.providers.front().provision->provided);
      }
    }
  }
  return table;
}

}  // namespace mortise::runtime
