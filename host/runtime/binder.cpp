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

std::string title(const Generation& generation) { return "'" + generation.name() + "' " + generation.version_text(); }

}  // namespace

Binder::Binder(const ContractRegistry& registry, std::span<const GenerationPtr> generations)
    : registry_(registry), generations_(generations), bound_(generations.size()), seen_in_walk_(generations.size()) {
  for (std::size_t i = 0; i < generations_.size(); ++i) places_.emplace(generations_[i].get(), i);
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
  auto& bound = bound_[places_.at(consumer.get())];
  if (required.all) {
    std::vector<mortise_provider> providers;
    for (const auto& [generation, provision] : fit) {
      bound.push_back(places_.at(generation.get()));
      const auto& declared = *provision->declared;
      providers.push_back(
          {.contract = provision->provided, .name = to_abi(declared.name), .rank = declared.rank, .reserved = 0});
    }
    table_->bind_all(requirement.slot, std::move(providers));
  } else if (!fit.empty()) {
    bound.push_back(places_.at(fit.front().generation.get()));
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

/// As many of these walks as there are generations make a release: they share one list of who was seen.
std::vector<GenerationPtr> Binder::reached_from(const GenerationPtr& generation) {
  const auto start = places_.at(generation.get());
  ++walk_;
  seen_in_walk_[start] = walk_;
  std::vector<std::size_t> seen{start};
  for (std::size_t next = 0; next < seen.size(); ++next) {
    for (const auto provider : bound_[seen[next]]) {
      if (std::exchange(seen_in_walk_[provider], walk_) != walk_) seen.push_back(provider);
    }
  }
  std::vector<GenerationPtr> reached;
  reached.reserve(seen.size() - 1);
  for (const auto place : std::span(seen).subspan(1)) reached.push_back(generations_[place]);
  return reached;
}

}  // namespace mortise::runtime
