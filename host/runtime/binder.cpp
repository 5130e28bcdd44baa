#include "runtime/binder.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "manifest/provider_match.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

using manifest::Mismatch;

constexpr const char* kRemedy = "; drop and enable one that will do";

std::string title(const Generation& generation) { return "'" + generation.name() + "' " + generation.version_text(); }

}  // namespace

Binder::Binder(const ContractRegistry& registry, std::span<const GenerationPtr> generations)
    : registry_(registry), generations_(generations) {
  std::uint32_t slots = 0;
  for (const auto& generation : generations_) {
    const auto* registered = registry_.find(*generation);
    if (registered == nullptr) continue;
    for (const auto& provision : registered->provisions) {
      providers_[provision.declared->contract].push_back({generation, &provision});
    }
    for (const auto& requirement : registered->requirements) slots = std::max(slots, requirement.slot + 1);
  }
  for (auto& [contract, candidates] : providers_) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      const auto& first = *a.provision->declared;
      const auto& second = *b.provision->declared;
      if (first.rank != second.rank) return first.rank > second.rank;
      return first.name < second.name;  // so that a restart chooses the same
    });
  }
  table_ = std::make_shared<BindingTable>(slots);
}

void Binder::bind() {
  for (const auto& generation : generations_) {
    const auto* registered = registry_.find(*generation);
    if (registered == nullptr) continue;
    for (const auto& requirement : registered->requirements) bind(generation, requirement);
  }
}

void Binder::bind(const GenerationPtr& consumer, const Requirement& requirement) {
  const auto& required = *requirement.declared;
  std::vector<Candidate> fit;
  Misfits misfits;
  for (const auto& candidate : providers_[required.contract]) {
    const auto& provider = candidate.generation;
    if (provider == consumer) continue;
    const auto mismatch = manifest::find_mismatch(*consumer->spec().manifest, required, *provider->spec().manifest,
                                                  *candidate.provision->declared);
    if (!mismatch) {
      fit.push_back(candidate);
    } else if (mismatch->kind != Mismatch::Kind::name) {  // another name is another provider, not a fault
      misfits.providers.push_back(provider);
      misfits.why += "; " + mismatch->reason;
      misfits.has_remedy = misfits.has_remedy || mismatch->kind == Mismatch::Kind::methods;
    }
  }
  auto& bound = bound_[consumer.get()];
  if (required.all) {
    std::vector<mortise_provider> providers;
    for (const auto& [generation, provision] : fit) {
      bound.push_back(generation);
      const auto& declared = *provision->declared;
      providers.push_back(
          {.contract = provision->provided, .name = to_abi(declared.name), .rank = declared.rank, .reserved = 0});
    }
    table_->bind_all(requirement.slot, std::move(providers));
  } else if (!fit.empty()) {
    bound.push_back(fit.front().generation);
    table_->bind(requirement.slot, fit.front().provision->provided);
  } else if (!required.optional) {
    return refuse(consumer, required, std::move(misfits));
  }
  if (!misfits.why.empty() && (required.all || fit.empty())) {
    remarks_.push_back("plugin " + title(*consumer) + " does without a provider of contract " + to_string(required) +
                       misfits.why + (misfits.has_remedy ? "" : kRemedy));
  }
}

void Binder::refuse(const GenerationPtr& consumer, const manifest::RequiredContract& required, Misfits misfits) {
  std::string message = "plugin " + title(*consumer) + " requires contract " + to_string(required);
  if (misfits.providers.empty()) {
    message +=
        ", which no running plugin provides; see in `mortise list` why its provider does not run, or enable another";
  } else {
    message += misfits.why + (misfits.has_remedy ? "" : kRemedy);
  }
  conflicts_.push_back({.culprit = consumer, .message = std::move(message), .others = std::move(misfits.providers)});
}

std::vector<GenerationPtr> Binder::reached_from(const GenerationPtr& generation) const {
  std::vector<GenerationPtr> reached;
  std::set<const Generation*> seen{generation.get()};
  std::vector<const Generation*> open{generation.get()};
  while (!open.empty()) {
    const auto bound = bound_.find(open.back());
    open.pop_back();
    if (bound == bound_.end()) continue;
    for (const auto& provider : bound->second) {
      if (!seen.insert(provider.get()).second) continue;
      reached.push_back(provider);
      open.push_back(provider.get());
    }
  }
  return reached;
}

}  // namespace mortise::runtime
