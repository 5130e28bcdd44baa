// The contracts of a plugin that runs elsewhere: what its init has provided and required in its process is registered
// here in its name.
#include <mortise/abi/contracts.h>

#include <memory>
#include <mutex>
#include <new>
#include <string>

#include "isolation/stand_in.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/contracts.hpp"
#include "runtime/failure.hpp"

namespace mortise::isolation {
namespace {

using runtime::to_abi;

runtime::ContractRegistry* registry_of(const runtime::Generation& generation) {
  auto* const contracts = dynamic_cast<runtime::Contracts*>(generation.service_of(MORTISE_CONTRACTS_V1));
  return contracts == nullptr ? nullptr : &contracts->registry();
}

/// "greeter.greeting/1 named 'loud'".
std::string title(const std::string& contract, const std::string& name) {
  return name.empty() ? contract : contract + " named '" + name + "'";
}

}  // namespace

mortise_status StandIn::provide(Life& life, const Message& message, mortise_error* error) {
  const auto contract = message.text("contract");
  const auto name = message.text("name");
  const auto methods = message.text("methods");
  const bool can_be_called = message.number("can_be_called") != 0;
  return register_once(life, "provision of " + title(contract, name) + "\n" + methods, error, [&] {
    const auto& generation = runtime::Generation::from(host_->host);
    auto* const registry = registry_of(generation);
    if (registry == nullptr) return MORTISE_UNIMPLEMENTED;
    auto& forwarded = contracts_.emplace_back();
    forwarded.stand_in = this;
    forwarded.number = static_cast<std::uint32_t>(contracts_.size() - 1);
    forwarded.channel = {.struct_size = sizeof(mortise_channel_v1),
                         .reserved = 0,
                         .self = &forwarded,
                         .call = &call_contract,
                         .reserve = &reserve_request};
    const mortise_provision_v1 provision{.struct_size = sizeof provision,
                                         .reserved = 0,
                                         .contract = to_abi(contract),
                                         .methods = to_abi(methods),
                                         .name = to_abi(name),
                                         .provided = nullptr,
                                         .dispatch = nullptr};
    const auto declared =
        registry->provide_elsewhere(generation, provision, can_be_called ? &forwarded.channel : nullptr);
    if (!declared) return to_abi(declared.error(), error);
    forwarded.declared = *declared;
    return MORTISE_OK;
  });
}

mortise_status StandIn::require(Life& life, const Message& message, mortise_error* error) {
  const auto contract = message.text("contract");
  const auto provider = message.text("provider");
  const auto methods = message.text("methods");
  const auto flags = static_cast<std::uint32_t>(message.number("flags"));
  return register_once(life, "requirement of " + title(contract, provider) + "\n" + methods, error, [&] {
    const auto& generation = runtime::Generation::from(host_->host);
    auto* const registry = registry_of(generation);
    if (registry == nullptr) return MORTISE_UNIMPLEMENTED;
    const mortise_requirement_v1 requirement{.struct_size = sizeof requirement,
                                             .flags = flags,
                                             .contract = to_abi(contract),
                                             .methods = to_abi(methods),
                                             .provider = to_abi(provider),
                                             .fill_proxy = nullptr};
    const auto slot = registry->require_elsewhere(generation, requirement, message.number("can_cross") != 0);
    if (!slot) return to_abi(slot.error(), error);
    slots_.push_back({.slot = *slot, .is_list = (flags & MORTISE_REQUIREMENT_ALL) != 0});
    return MORTISE_OK;
  });
}

/// To whom a call with that request goes: what was reserved is the worker's of that moment, and its memory is there as
/// long as it may be written to.
std::shared_ptr<ContractCalls> StandIn::contract_calls_for(const std::uint8_t* request) {
  const std::lock_guard lock(mutex_);
  if (!reserved_.empty()) {
    if (auto reserved = reserved_.extract(request)) return std::move(reserved.mapped());
  }
  return contract_calls_;
}

/// Of every contract, on its caller's thread.
mortise_status StandIn::call_contract(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  const auto& contract = *static_cast<const ForwardedContract*>(self);
  return runtime::guarded(nullptr, [&] {
    const auto calls = contract.stand_in->contract_calls_for(request.data);
    if (calls) return calls->call(contract, method, request, reply);
    const auto& generation = runtime::Generation::from(contract.stand_in->host_->host);
    return runtime::fail_call(generation, MORTISE_UNAVAILABLE, contract.declared->contract, kWorkerIsGone);
  });
}

std::uint8_t* StandIn::reserve_request(void* self, std::uint64_t size) {
  try {
    auto& stand_in = *static_cast<const ForwardedContract*>(self)->stand_in;
    const std::lock_guard lock(stand_in.mutex_);
    const auto& calls = stand_in.contract_calls_;
    auto* const memory = calls ? calls->reserve(size) : nullptr;
    if (memory != nullptr) stand_in.reserved_.emplace(memory, calls);
    return memory;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace mortise::isolation
