// The contracts of this host's plugins that are called over HTTP, where the admin exposes them:
// POST /contracts/boutique.currency/1/convert. Each method is a route of its plugin, so that limits, deadlines,
// canaries and releases hold for it as for any other; its handler is the host's, and calls the provider over its
// channel, wherever that runs.
#pragma once

#include "runtime/contract_registry.hpp"
#include "runtime/service.hpp"

namespace mortise::remote {

/// Registers routes in plugins' names, and keeps nothing. Comes after runtime::Contracts among the services. Any
/// thread.
class ExposedContracts final : public runtime::Service {
 public:
  /// `registry` outlives it.
  explicit ExposedContracts(const runtime::ContractRegistry& registry) noexcept : registry_(registry) {}

  const void* interface(std::string_view) const noexcept override { return nullptr; }
  base::Result<void> initialised(const runtime::Generation& generation) override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

 private:
  const runtime::ContractRegistry& registry_;
};

}  // namespace mortise::remote
