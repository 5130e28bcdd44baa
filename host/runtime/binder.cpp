#include "runtime/binder.hpp"

#include <algorithm>
#include <utility>

#include "manifest/provider_match.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/observed_channel.hpp"

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
  if (first.name != second.name) return first.name < second.name;
  return a.generation->number() < b.generation->number();
}

void bind_list(const Bound::Link& link, BindingTable& table) {
  std::vector<mortise_provider> list;
  std::vector<std::shared_ptr<const void>> bound_to;
  for (const auto& target : link.providers) {
    const auto& declared = *target.provision->declared;
    list.push_back(
        {.contract = target.bound_to.get(), .name = to_abi(declared.name), .rank = declared.rank, .reserved = 0});
    bound_to.push_back(target.bound_to);
  }
  table.bind_all(link.slot, std::move(list), std::move(bound_to));
}

void bind(const Bound& bound, BindingTable& table) {
  for (const auto& link : bound.links) {
    if (link.is_list) {
      bind_list(link, table);
    } else {
      table.bind(link.slot, link.providers.front().bound_to);
    }
  }
}

std::shared_ptr<const void> not_owned(const void* place) { return {std::shared_ptr<const void>(), place}; }

}  // namespace

Resolution Binder::resolve(const GenerationSet& generations) {
  for_each_difference(set_, generations, [&](const GenerationRef* before, const GenerationRef* after) {
    if (before != nullptr) leave(before->number);
    if (after != nullptr) enter(*after);
  });
  set_ = generations;
  for (const auto number : std::exchange(touched_, {})) {
    auto& touched = contract(number);
    touched.is_touched = false;
    open_.insert(touched.consumers.begin(), touched.consumers.end());
  }
  Resolution resolution;
  for (const auto number : std::exchange(open_, {})) bind_anew(entries_.at(number), resolution.conflicts);
  resolution.bounds = bounds_;
  for (const auto& [number, bound] : remarked_) {
    resolution.remarks.insert(resolution.remarks.end(), bound->remarks.begin(), bound->remarks.end());
  }
  return resolution;
}

void Binder::forget(const Generation& generation) {
  if (set_.erase(generation.number()) > 0) leave(generation.number());
}

void Binder::observe(std::shared_ptr<ObservedCalls> calls) {
  observed_ = std::move(calls);
  for (const auto& [number, entry] : entries_) {
    if (!entry.registered->requirements.empty()) open_.insert(number);
  }
}

void Binder::enter(const GenerationRef& ref) {
  static const Registered kNothing;
  const auto* registered = registry_.find(*ref.generation);
  const auto& entry =
      entries_.emplace(ref.number, Entry{.ref = ref, .registered = registered == nullptr ? &kNothing : registered})
          .first->second;
  for (const auto& provision : entry.registered->provisions) {
    auto& providers = contract(provision.contract).providers;
    if (provision.declared->is_topic) continue;  // the host calls it, and nobody else
    const Bound::Provider provider{.generation = ref.generation, .provision = &provision};
    providers.insert(std::upper_bound(providers.begin(), providers.end(), provider, is_before), provider);
    touch(provision.contract);
  }
  for (const auto& requirement : entry.registered->requirements) {
    contract(requirement.contract).consumers.insert(ref.number);
  }
  open_.insert(ref.number);
}

void Binder::leave(std::uint64_t number) {
  const auto entry = entries_.find(number);
  const auto* generation = entry->second.ref.generation;
  for (const auto& provision : entry->second.registered->provisions) {
    std::erase_if(contract(provision.contract).providers,
                  [&](const Bound::Provider& provider) { return provider.generation == generation; });
    touch(provision.contract);
  }
  for (const auto& requirement : entry->second.registered->requirements) {
    contract(requirement.contract).consumers.erase(number);
  }
  entries_.erase(entry);
  open_.erase(number);
  bounds_.erase(number);
  remarked_.erase(number);
}

Binder::Contract& Binder::contract(std::uint32_t number) {
  if (number >= contracts_.size()) contracts_.resize(number + 1);
  return contracts_[number];
}

void Binder::touch(std::uint32_t number) {
  if (!std::exchange(contract(number).is_touched, true)) touched_.push_back(number);
}

void Binder::bind_anew(Entry& entry, std::vector<Service::Conflict>& conflicts) {
  const auto number = entry.ref.number;
  entry.bound = bind_all(entry, conflicts);
  entry.providers.clear();
  bounds_.put({number, entry.bound});
  remarked_.erase(number);
  if (!entry.bound) {
    open_.insert(number);  // the next one is to tell of it again
    return;
  }
  if (!entry.bound->remarks.empty()) remarked_.emplace(number, entry.bound);
  for (const auto& link : entry.bound->links) {
    for (const auto& provider : link.providers) {
      entry.providers.push_back(&entries_.at(provider.generation->number()));
    }
  }
}

/// Null when it is in a conflict.
BoundPtr Binder::bind_all(const Entry& entry, std::vector<Service::Conflict>& conflicts) const {
  const auto& consumer = *entry.ref.generation;
  auto bound = std::make_shared<Bound>();
  bool is_whole = true;
  for (const auto& requirement : entry.registered->requirements) {
    Misfits misfits;
    if (bind(consumer, requirement, *bound, misfits)) continue;
    is_whole = false;
    auto message = "plugin " + title(consumer) + " requires contract " + to_string(*requirement.declared);
    message += misfits.providers.empty() ? kAbsence : misfits.why + (misfits.has_remedy ? "" : kRemedy);
    conflicts.push_back({.culprit = entry.ref.lock(), .message = std::move(message), .others = {}});
    for (const auto* other : misfits.providers) {
      conflicts.back().others.push_back(entries_.at(other->number()).ref.lock());
    }
  }
  return is_whole ? bound : nullptr;
}

/// False: there is none that will do, and it must have one.
bool Binder::bind(const Generation& consumer, const Requirement& requirement, Bound& bound, Misfits& misfits) const {
  const auto& required = *requirement.declared;
  Bound::Link link{.slot = requirement.slot, .is_list = required.all, .providers = {}};
  bound.slots = std::max(bound.slots, requirement.slot + 1);
  for (const auto& candidate : contracts_[requirement.contract].providers) {
    const auto& provider = *candidate.generation;
    if (&provider == &consumer) continue;
    const auto mismatch = manifest::find_mismatch(*consumer.spec().manifest, required, *provider.spec().manifest,
                                                  *candidate.provision->declared);
    if (!mismatch) {
      if (!required.all && !link.providers.empty()) continue;
      auto way = find_way(consumer, requirement, candidate, misfits);
      if (way != nullptr) link.providers.push_back({candidate, std::move(way)});
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

std::shared_ptr<const void> Binder::find_way(const Generation& consumer, const Requirement& requirement,
                                             const Bound::Provider& provider, Misfits& misfits) const {
  const auto& provision = *provider.provision;
  if (observed_) {
    if (auto way = find_observed_way(consumer, requirement, provider)) return way;
  }
  if (!requirement.is_elsewhere && provision.provided != nullptr) return not_owned(provision.provided);
  if (requirement.can_cross && provision.channel != nullptr) {
    return requirement.is_elsewhere ? not_owned(provision.channel) : requirement.proxy.make_proxy(*provision.channel);
  }
  misfits.providers.push_back(provider.generation);
  misfits.why += "; " + title(*provider.generation) + " provides it in another process, and " +
                 (requirement.can_cross ? "takes no calls from there" : "the plugin makes no calls there") +
                 "; run both with \"placement\": \"inline\", or " +
                 (requirement.can_cross ? "have the provider set `dispatch`" : "set `fill_proxy`") +
                 ", as MORTISE_CONTRACT does";
  misfits.has_remedy = true;
  return nullptr;
}

std::shared_ptr<const void> Binder::find_observed_way(const Generation& consumer, const Requirement& requirement,
                                                      const Bound::Provider& provider) const {
  const auto& provision = *provider.provision;
  const auto& contract = requirement.declared->contract;
  const CallPair pair{.consumer = consumer.name(), .provider = provider.generation->name(), .contract = contract};
  if (!requirement.can_cross || provision.channel == nullptr) {
    // Where one of them is elsewhere, they do not get together at all.
    if (requirement.is_elsewhere || provision.provided == nullptr) return nullptr;
    observed_->note_unobserved(
        pair, requirement.can_cross
                  ? "'" + pair.provider + "' takes no calls as bytes; have it set `dispatch`, as MORTISE_CONTRACT does"
                  : "'" + pair.consumer + "' makes no calls as bytes; set `fill_proxy`, as MORTISE_CONTRACT does");
    return nullptr;
  }
  std::vector<std::string> methods;
  for (const auto& method : consumer.spec().manifest->methods_of(contract)) methods.push_back(method.name);
  auto counts = observed_->counts_of(pair, methods);
  return requirement.is_elsewhere ? make_observed(*provision.channel, std::move(counts))
                                  : make_observed(*provision.channel, std::move(counts), requirement.proxy);
}

std::set<std::uint64_t> Binder::with_consumers(std::set<std::uint64_t> generations) const {
  std::vector<std::uint64_t> open(generations.begin(), generations.end());
  while (!open.empty()) {
    const auto* provider = &entries_.at(open.back());
    open.pop_back();
    for (const auto& provision : provider->registered->provisions) {
      for (const auto number : contracts_[provision.contract].consumers) {
        const auto& bound_to = entries_.at(number).providers;
        const bool is_bound = std::find(bound_to.begin(), bound_to.end(), provider) != bound_to.end();
        if (is_bound && generations.insert(number).second) open.push_back(number);
      }
    }
  }
  return generations;
}

Reached Binder::reach(std::uint64_t generation) {
  ++walk_;
  std::vector<Entry*> seen{&entries_.at(generation)};
  seen.front()->seen_in = walk_;
  for (std::size_t next = 0; next < seen.size(); ++next) {
    for (auto* provider : seen[next]->providers) {
      if (std::exchange(provider->seen_in, walk_) != walk_) seen.push_back(provider);
    }
  }
  auto reached = std::make_shared<std::vector<GenerationPtr>>();
  reached->reserve(seen.size() - 1);
  for (std::size_t i = 1; i < seen.size(); ++i) reached->push_back(seen[i]->ref.lock());
  std::sort(reached->begin(), reached->end());
  return reached;
}

std::shared_ptr<const BindingTable> make_table(const BoundSet& bounds) {
  return make_table(BindingTable(0), {}, bounds);
}

std::shared_ptr<const BindingTable> make_table(const BindingTable& table, const BoundSet& former,
                                               const BoundSet& bounds) {
  std::uint32_t slots = 0;
  std::vector<const Bound*> fresh;
  std::vector<std::uint32_t> given_back;
  for_each_difference(former, bounds, [&](const BoundEntry* before, const BoundEntry* after) {
    if (before != nullptr && before->second) {
      for (const auto& link : before->second->links) given_back.push_back(link.slot);
    }
    if (after == nullptr || !after->second) return;
    slots = std::max(slots, after->second->slots);
    fresh.push_back(after->second.get());
  });
  auto made = std::make_shared<BindingTable>(slots, table);
  for (const auto slot : given_back) made->clear(slot);
  for (const auto* bound : fresh) bind(*bound, *made);
  return made;
}

}  // namespace mortise::runtime
