// Which provider each slot of a set of generations gets. The order of the set decides nothing but ties. Of a thousand
// plugins a release changes a few: what was found for the others is kept while the providers that they choose from
// stay.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/contract_registry.hpp"
#include "runtime/release.hpp"
#include "runtime/service.hpp"

namespace mortise::runtime {

/// What the requirements of one generation lead to. Immutable. Holds no generation: good while those that it names are
/// in the set.
struct Bound {
  struct Provider {
    const Generation* generation;
    const Provision* provision;
  };
  struct Link {
    std::uint32_t slot;
    bool is_list;
    std::vector<Provider> providers;  // the highest rank first; where it is no list, one
  };
  std::vector<Link> links;
  std::uint32_t slots = 0;           // above each that the generation has, bound or not
  std::vector<std::string> remarks;  // optional wishes that a provider of the contract does not fit
};
using BoundPtr = std::shared_ptr<const Bound>;

/// One set's.
struct Resolution {
  std::vector<BoundPtr> bounds;  // by the generation's place in the set; null: it is in a conflict
  std::vector<Service::Conflict> conflicts;
};

/// One thread at a time.
class Binder {
 public:
  /// `registry` outlives it.
  explicit Binder(const ContractRegistry& registry) : registry_(registry) {}

  /// Of generations whose init has ended, and which the registry has not forgotten.
  Resolution resolve(std::span<const GenerationPtr> generations);
  /// Before the registry forgets it.
  void forget(const Generation& generation);

 private:
  struct Entry {
    const Registered* registered = nullptr;
    BoundPtr bound{};  // null: to be found
  };
  /// Providers of the contract that will not do.
  struct Misfits {
    std::vector<const Generation*> providers;
    std::string why;          // each with "; " before it
    bool has_remedy = false;  // it says what to do
  };

  std::vector<Entry*> enter(std::span<const GenerationPtr> generations);
  void touch(const Entry& entry);
  void find_providers(std::span<const GenerationPtr> generations, const std::vector<Entry*>& entries);
  [[nodiscard]] bool is_kept(const Entry& entry) const;
  [[nodiscard]] BoundPtr bind_all(const GenerationPtr& consumer, const Registered& registered,
                                  std::span<const GenerationPtr> generations,
                                  std::vector<Service::Conflict>& conflicts) const;
  [[nodiscard]] bool bind(const Generation& consumer, const Requirement& requirement, Bound& bound,
                          Misfits& misfits) const;
  [[nodiscard]] bool is_touched(std::uint32_t contract) const {
    return contract < touched_.size() && touched_[contract];
  }

  const ContractRegistry& registry_;
  std::unordered_map<std::uint64_t, Entry> entries_;     // of the last set, by the generation's number
  std::vector<std::vector<Bound::Provider>> providers_;  // of the last set, by contract, the highest rank first
  std::vector<bool> touched_;                            // by contract: these are to be found anew
};

/// For a release of the set.
std::shared_ptr<const BindingTable> make_table(std::span<const BoundPtr> bounds);

}  // namespace mortise::runtime
