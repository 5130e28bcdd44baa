// Which provider each slot of a set of generations gets. Changes nothing; the order of the set decides nothing but
// ties.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/contract_registry.hpp"
#include "runtime/release.hpp"
#include "runtime/service.hpp"

namespace mortise::runtime {

/// One resolution; used once.
class Binder {
 public:
  /// `registry` keeps what it holds of these generations for the Binder's life.
  Binder(const ContractRegistry& registry, std::span<const GenerationPtr> generations);

  void bind();

  [[nodiscard]] const std::vector<Service::Conflict>& conflicts() const noexcept { return conflicts_; }
  /// Optional wishes that a provider of the contract does not fit.
  [[nodiscard]] const std::vector<std::string>& remarks() const noexcept { return remarks_; }
  [[nodiscard]] std::shared_ptr<const BindingTable> table() const noexcept { return table_; }
  /// All that a generation can reach through what it is bound to, without itself.
  [[nodiscard]] std::vector<GenerationPtr> reached_from(const GenerationPtr& generation);

 private:
  struct Candidate {
    GenerationPtr generation;
    const Provision* provision;
  };
  /// Providers of the contract that will not do.
  struct Misfits {
    std::vector<GenerationPtr> providers;
    std::string why;          // each with "; " before it
    bool has_remedy = false;  // it says what to do
  };
  void bind(const GenerationPtr& consumer, const Requirement& requirement);
  void refuse(const GenerationPtr& consumer, const manifest::RequiredContract& required, Misfits misfits);

  const ContractRegistry& registry_;
  std::span<const GenerationPtr> generations_;
  std::map<std::string, std::vector<Candidate>> providers_;  // by contract, the highest rank first
  std::shared_ptr<BindingTable> table_;
  std::unordered_map<const Generation*, std::size_t> places_;  // in generations_
  std::vector<std::vector<std::size_t>> bound_;                // by the consumer's place, those of its providers
  // By place: the walk of reached_from() that came by last.
  std::vector<std::uint64_t> seen_in_walk_;
  std::uint64_t walk_ = 0;
  std::vector<Service::Conflict> conflicts_;
  std::vector<std::string> remarks_;
};

}  // namespace mortise::runtime
