// Which contracts each generation has provided and required, from its init to its end, and the slots that it took. What
// code registers must agree with the manifest, which is what everybody has planned by.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "runtime/generation.hpp"
#include "runtime/reach.hpp"

namespace mortise::runtime {

/// A contract that a generation offers.
struct Provision {
  const manifest::ProvidedContract* declared;  // in the generation's manifest
  const void* provided;               // the contract's struct, the plugin's until destroy; null: it is elsewhere
  std::uint32_t contract;             // as the registry numbers it
  const mortise_channel_v1* channel;  // takes calls as bytes; null: nobody who is elsewhere can call it
  std::shared_ptr<const DispatchChannel> dispatch;  // what `channel` is of, where the provider is here
};

/// A contract that a generation wants, and where it will look for it.
struct Requirement {
  const manifest::RequiredContract* declared;  // in the generation's manifest
  std::uint32_t slot;
  std::uint32_t contract;  // as the registry numbers it
  bool is_elsewhere;       // the consumer is: bind it to channels
  bool can_cross;          // it has what carries calls to other processes
  ProxyFunctions proxy;    // which is here, unless the consumer is elsewhere
};

/// What one generation registered; constant once its init has ended.
struct Registered {
  std::vector<Provision> provisions;
  std::vector<Requirement> requirements;
};

/// Any thread: plugins register on the control thread, the release thread reads.
class ContractRegistry {
 public:
  base::Result<void> provide(const Generation& generation, const mortise_provision_v1& provision);
  /// For a plugin that is elsewhere: its calls go over `channel`, which lives until the generation is forgotten; null:
  /// it takes none. `provided` and `dispatch` of the provision mean nothing. What it is declared as, in the manifest.
  base::Result<const manifest::ProvidedContract*> provide_elsewhere(const Generation& generation,
                                                                    const mortise_provision_v1& provision,
                                                                    const mortise_channel_v1* channel);
  /// The slot.
  base::Result<std::uint32_t> require(const Generation& generation, const mortise_requirement_v1& requirement);
  /// For a plugin that is elsewhere: the slot is bound to channels. `can_cross`: its code has a proxy there.
  base::Result<std::uint32_t> require_elsewhere(const Generation& generation, const mortise_requirement_v1& requirement,
                                                bool can_cross);
  /// After its init: whether all that the manifest declares was registered.
  [[nodiscard]] base::Result<void> check_complete(const Generation& generation) const;
  /// Gives its slots back; no scope reaches the generation any more.
  void forget(const Generation& generation);

  /// Valid until it is forgotten; null when it registered nothing. For a generation whose init has ended.
  [[nodiscard]] const Registered* find(const Generation& generation) const;

 private:
  /// The declaration that it agrees with.
  static base::Result<const manifest::ProvidedContract*> find_declared(const Generation& generation,
                                                                       const mortise_provision_v1& given);
  static base::Result<const manifest::RequiredContract*> find_declared(const Generation& generation,
                                                                       const mortise_requirement_v1& given);
  base::Result<void> add(const Generation& generation, Provision provision);
  std::uint32_t add(const Generation& generation, Requirement requirement);
  Registered& registered(const Generation& generation);  // under mutex_
  std::uint32_t take_slot();                             // under mutex_
  std::uint32_t number_of(const std::string& contract);  // under mutex_

  mutable std::mutex mutex_;
  std::unordered_map<const Generation*, std::unique_ptr<Registered>> registered_;  // guarded by mutex_
  std::set<std::uint32_t> free_slots_;  // guarded by mutex_; below next_slot_
  std::uint32_t next_slot_ = 0;         // guarded by mutex_
  // From 0 on, in the order in which they came: a release of a thousand plugins compares thousands of them. Those of
  // plugins that are gone keep theirs, which the next version is to have. Guarded by mutex_.
  std::map<std::string, std::uint32_t> numbers_;
};

}  // namespace mortise::runtime
