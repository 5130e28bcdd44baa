#include "runtime/binder.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "manifest/signature.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

std::string title(const Generation& generation) { return "'" + generation.name() + "' " + generation.version_text(); }

/// Why a provider does not fit a wish, or empty: it does.
std::string misfit(const Requirement& requirement, const Generation& provider, const Provision& provision) {
  if (!requirement.range.contains(provider.spec().manifest->version)) {
    return title(provider) + " is outside the range '" + requirement.range.text() + "'";
  }
  if (const auto difference = manifest::find_difference(*requirement.methods, *provision.methods)) {
    return title(provider) + ": " + difference->title() + ": needs " + difference->needed + ", provided is " +
           (difference->provided.empty() ? "nothing" : difference->provided);
  }
  return {};
}

}  // namespace

Binder::Binder(const ContractRegistry& registry, std::span<const GenerationPtr> generations)
    : registry_(registry), generations_(generations) {
  std::uint32_t slots = 0;
  for (const auto& generation : generations_) {
    const auto* registered = registry_.find(*generation);
    if (registered == nullptr) continue;
    for (const auto& provision : registered->provisions) {
      providers_[provision.contract].push_back({generation, &provision});
    }
    for (const auto& requirement : registered->requirements) slots = std::max(slots, requirement.slot + 1);
  }
  for (auto& [contract, candidates] : providers_) {
    std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      if (a.provision->rank != b.provision->rank) return a.provision->rank > b.provision->rank;
      return a.provision->name < b.provision->name;  // so that a restart chooses the same
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
  std::vector<Candidate> fit;
  std::vector<Candidate> unfit;
  std::string why;
  for (const auto& candidate : providers_[requirement.contract]) {
    if (candidate.generation == consumer) continue;
    if (!requirement.provider.empty() && candidate.provision->name != requirement.provider) continue;
    auto reason = misfit(requirement, *candidate.generation, *candidate.provision);
    (reason.empty() ? fit : unfit).push_back(candidate);
    if (!reason.empty()) why += "; " + std::move(reason);
  }
  auto& bound = bound_[consumer.get()];
  if (requirement.is_all) {
    std::vector<mortise_provider> providers;
    for (const auto& [generation, provision] : fit) {
      bound.push_back(generation);
      providers.push_back(
          {.contract = provision->provided, .name = to_abi(provision->name), .rank = provision->rank, .reserved = 0});
    }
    table_->bind_all(requirement.slot, std::move(providers));
  } else if (!fit.empty()) {
    bound.push_back(fit.front().generation);
    table_->bind(requirement.slot, fit.front().provision->provided);
  } else if (!requirement.is_optional) {
    return refuse(consumer, requirement, unfit, why);
  }
  if (!why.empty() && (requirement.is_all || fit.empty())) {
    remarks_.push_back("plugin " + title(*consumer) + " does without a provider of contract " + requirement.contract +
                       why + "; upgrade one of the two");
  }
}

/// Of a consumer and a provider that do not fit, the younger one came into a world in which it does not fit.
void Binder::refuse(const GenerationPtr& consumer, const Requirement& requirement, const std::vector<Candidate>& unfit,
                    const std::string& why) {
  const auto contract = "contract " + requirement.contract +
                        (requirement.provider.empty() ? "" : " named '" + requirement.provider + "'");
  GenerationPtr culprit = consumer;
  for (const auto& [generation, provision] : unfit) {
    if (generation->number() > culprit->number()) culprit = generation;
  }
  std::string message = "plugin " + title(*consumer) + " requires " + contract;
  if (unfit.empty()) {
    message +=
        ", which no running plugin provides; see in `mortise list` why its provider does not run, or enable another";
  } else {
    message += why + "; upgrade both in one release, or pin one of them in plugins.d";
  }
  conflicts_.push_back({.culprit = std::move(culprit), .message = std::move(message)});
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
