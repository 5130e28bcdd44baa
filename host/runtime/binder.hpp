// Which provider each slot of a set of generations gets. The order of the set decides nothing but ties. Of a thousand
// plugins a release changes a few: only who comes, and who chooses from providers that come or go, is looked at.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/persistent_set.hpp"
#include "runtime/contract_registry.hpp"
#include "runtime/generation_set.hpp"
#include "runtime/observed_calls.hpp"
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
  struct Target : Provider {
    std::shared_ptr<const void> bound_to;  // see reach.hpp; what is the provider's own is not owned
  };
  struct Link {
    std::uint32_t slot;
    bool is_list;
    std::vector<Target> providers;  // the highest rank first; where it is no list, one
  };
  std::vector<Link> links;
  std::uint32_t slots = 0;           // above each that the generation has, bound or not
  std::vector<std::string> remarks;  // optional wishes that a provider of the contract does not fit
};
using BoundPtr = std::shared_ptr<const Bound>;

/// One generation's; null: it is in a conflict.
using BoundEntry = std::pair<std::uint64_t, BoundPtr>;
struct NumberOfBound {
  std::uint64_t operator()(const BoundEntry& entry) const noexcept { return entry.first; }
};
/// By the generation's number.
using BoundSet = base::PersistentSet<BoundEntry, NumberOfBound>;

/// One set's.
struct Resolution {
  BoundSet bounds;
  std::vector<Service::Conflict> conflicts;
  std::vector<std::string> remarks;  // of all, the eldest generation's first
};

/// One thread at a time. Holds no generation.
class Binder {
 public:
  /// `registry` outlives it.
  explicit Binder(const ContractRegistry& registry) : registry_(registry) {}

  /// Of generations whose init has ended, and which the registry has not forgotten.
  Resolution resolve(const GenerationSet& generations);
  /// Before the registry forgets it.
  void forget(const Generation& generation);
  /// From the next set on, consumers are bound to channels that count their calls in `calls`, wherever they can be;
  /// null: as if nobody counted.
  void observe(std::shared_ptr<ObservedCalls> calls);

  // --- Of the last set.
  /// These, and all that reach one of them through what they are bound to.
  [[nodiscard]] std::set<std::uint64_t> with_consumers(std::set<std::uint64_t> generations) const;
  /// Whom it reaches through what it is bound to, and what that is bound to.
  [[nodiscard]] Reached reach(std::uint64_t generation);

 private:
  /// A generation of the last set.
  struct Entry {
    GenerationRef ref;
    const Registered* registered;
    BoundPtr bound{};                 // null: it is in a conflict, or to be found
    std::vector<Entry*> providers{};  // in `bound`
    std::uint64_t seen_in = 0;        // the walk that came by last
  };
  /// Providers of the contract that will not do.
  struct Misfits {
    std::vector<const Generation*> providers;
    std::string why;          // each with "; " before it
    bool has_remedy = false;  // it says what to do
  };
  using Numbers = std::set<std::uint64_t>;
  /// What is known of a contract.
  struct Contract {
    std::vector<Bound::Provider> providers;  // the highest rank first
    Numbers consumers;
    bool is_touched = false;  // its consumers are to be bound anew
  };

  void enter(const GenerationRef& ref);
  void leave(std::uint64_t number);
  void bind_anew(Entry& entry, std::vector<Service::Conflict>& conflicts);
  [[nodiscard]] BoundPtr bind_all(const Entry& entry, std::vector<Service::Conflict>& conflicts) const;
  [[nodiscard]] bool bind(const Generation& consumer, const Requirement& requirement, Bound& bound,
                          Misfits& misfits) const;
  /// Null where there is no way from one process to the other, which the misfits then tell.
  [[nodiscard]] std::shared_ptr<const void> find_way(const Generation& consumer, const Requirement& requirement,
                                                     const Bound::Provider& provider, Misfits& misfits) const;
  /// Null where its calls cannot be counted, which the observation is told.
  [[nodiscard]] std::shared_ptr<const void> find_observed_way(const Generation& consumer,
                                                              const Requirement& requirement,
                                                              const Bound::Provider& provider) const;
  Contract& contract(std::uint32_t number);
  void touch(std::uint32_t number);

  const ContractRegistry& registry_;
  std::shared_ptr<ObservedCalls> observed_;           // null: nobody counts
  GenerationSet set_;                                 // the last one
  std::unordered_map<std::uint64_t, Entry> entries_;  // of set_, by the generation's number
  std::vector<Contract> contracts_;                   // by the registry's number
  std::vector<std::uint32_t> touched_;                // those that are
  Numbers open_;                                      // of entries_: to be bound
  BoundSet bounds_;                                   // of set_
  std::map<std::uint64_t, BoundPtr> remarked_;        // of bounds_, those with remarks
  std::uint64_t walk_ = 0;
};

/// For a release of these.
std::shared_ptr<const BindingTable> make_table(const BoundSet& bounds);
/// The same, made from the table of a release of `former`.
std::shared_ptr<const BindingTable> make_table(const BindingTable& table, const BoundSet& former,
                                               const BoundSet& bounds);

}  // namespace mortise::runtime
