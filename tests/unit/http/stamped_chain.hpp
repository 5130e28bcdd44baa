// Plugins that are chained by contracts, each stamped with the release that it was made for: the answer of a whole
// chain is its stamp, or 0 when it met another on its way.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstdint>
#include <memory>
#include <string>

#include "../runtime/contract_fixture.hpp"
#include "edge_fixture.hpp"

namespace mortise::http::testing {

/// A plugin's side of the chain, made by add_link(). Goes with the plugin's instance: a call that comes later touches
/// freed memory.
class StampedLink {
 public:
  /// The contracts that it provides and requires: "" is none.
  StampedLink(std::uint64_t stamp, std::string provided, std::string required)
      : stamp_(stamp), provided_(std::move(provided)), required_(std::move(required)) {}

  /// For the plugin's init.
  mortise_status start(const mortise_host_v1& host, mortise_error* error) {
    contracts_ = static_cast<const mortise_contracts_v1*>(host.get_interface(host.host, str(MORTISE_CONTRACTS_V1)));
    if (!required_.empty()) {
      const mortise_requirement_v1 requirement{.struct_size = sizeof(mortise_requirement_v1),
                                               .flags = 0,
                                               .contract = str(required_),
                                               .methods = str(runtime::testing::kMethods),
                                               .provider = {},
                                               .fill_proxy = nullptr};
      const auto status = contracts_->require(host.host, &requirement, &slot_, error);
      if (status != MORTISE_OK || provided_.empty()) return status;
    }
    const mortise_provision_v1 provision{.struct_size = sizeof(mortise_provision_v1),
                                         .reserved = 0,
                                         .contract = str(provided_),
                                         .methods = str(runtime::testing::kMethods),
                                         .name = {},
                                         .provided = &contract_,
                                         .dispatch = nullptr};
    return contracts_->provide(host.host, &provision, error);
  }

  /// What the rest of the chain says. In a scope.
  [[nodiscard]] std::uint64_t ask_next() const {
    const auto* scope = mortise_scope_current(contracts_);
    const auto& next = static_cast<const runtime::testing::StampContract*>(scope->bindings[slot_])->stamp;
    std::uint64_t answer = 0;
    return next.call(next.self, &answer) == MORTISE_OK ? answer : 0;
  }
  /// What the chain says from here on.
  [[nodiscard]] std::uint64_t ask() const { return required_.empty() || ask_next() == stamp_ ? stamp_ : 0; }

 private:
  static mortise_status call(void* self, std::uint64_t* result) {
    *result = static_cast<const StampedLink*>(self)->ask();
    return MORTISE_OK;
  }

  const std::uint64_t stamp_;
  const std::string provided_;
  const std::string required_;
  const mortise_contracts_v1* contracts_ = nullptr;
  std::uint32_t slot_ = 0;
  const runtime::testing::StampContract contract_{.stamp = {.call = &call, .self = this}};
};

/// Makes the plugin a link; the result is valid until its destroy.
inline StampedLink& add_link(TestPlugin& plugin, std::uint64_t stamp, const std::string& provided,
                             const std::string& required) {
  auto link = std::make_shared<StampedLink>(stamp, provided, required);
  auto& made = *link;
  if (!provided.empty()) plugin.provides(provided, runtime::testing::kMethods);
  if (!required.empty()) plugin.requires_(required, runtime::testing::kMethods);
  plugin.in_init([&made](const mortise_host_v1& host, mortise_error* error) { return made.start(host, error); });
  plugin.in_destroy([link = std::move(link)]() mutable { link.reset(); });
  return made;
}

}  // namespace mortise::http::testing
