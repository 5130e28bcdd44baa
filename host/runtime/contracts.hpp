// mortise.contracts/1, and the building of releases: each slot of each generation is bound to a provider among those
// that run with it. What cannot be bound is a conflict, found before anything is published.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/binder.hpp"
#include "runtime/contract_registry.hpp"
#include "runtime/offer.hpp"
#include "runtime/release.hpp"
#include "runtime/service.hpp"

namespace mortise::runtime {

/// Outlives every generation. Services are driven from the control thread; see ContractRegistry for the rest.
class Contracts final : public Service {
 public:
  /// `arena_max_bytes`: what one scope's arena may take.
  explicit Contracts(std::uint64_t arena_max_bytes) noexcept : arena_max_bytes_(arena_max_bytes) {}

  /// The interface that every instance has. Any thread.
  static std::span<const Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  base::Result<void> initialised(const Generation& generation) override;
  std::vector<Conflict> check(const GenerationSet& next) override;
  void publish(const ReleasePtr&) override {}
  void publish_canary(const ReleasePtr&, const CanaryShare&) override {}
  void cut(const Generation&) override {}
  void forget(const Generation& generation) override;

  struct Built {
    ReleasePtr release;
    std::vector<std::string> remarks;  // optional wishes that a provider of the contract does not fit
  };
  /// The release of these generations, among which there is no conflict.
  [[nodiscard]] Built build(std::uint64_t number, const GenerationSet& generations);

  /// From the next release on, calls between plugins are counted in `calls`, which costs each of them what a call to
  /// another process costs without the crossing; null: no more. What is inside a former release goes on as it is.
  void observe(std::shared_ptr<ObservedCalls> calls);

  ContractRegistry& registry() noexcept { return registry_; }

 private:
  [[nodiscard]] bool is_renewal_due();

  ContractRegistry registry_;
  // In the host all of it is the release thread's; in tests, whoever lets go of a generation forgets it.
  std::mutex mutex_;
  Binder binder_{registry_};  // guarded by mutex_
  // What the last release was built from; guarded by mutex_.
  std::weak_ptr<const Release> last_;
  BoundSet last_bounds_;
  // Tables that cones of several releases hold; guarded by mutex_.
  std::vector<std::weak_ptr<const BindingTable>> tables_;
  const std::uint64_t arena_max_bytes_;
};

}  // namespace mortise::runtime
