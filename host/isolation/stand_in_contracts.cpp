// The contracts of a plugin that runs elsewhere, and the topics that it publishes on: what its init has registered in
// its process is registered here in its name.
#include <mortise/abi/contracts.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

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

/// What a thread has reserved for calls that it is about to make: the worker's of that moment, and its memory is there
/// as long as it may be written to.
class Reserved {
 public:
  Reserved() = default;
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  ~Reserved() {
    for (const auto& one : all_) one.calls->free_reserved(one.memory);
  }

  /// Null where there is none, or a thread that never makes its calls has enough of it.
  std::uint8_t* keep(const ForwardedContract& contract, std::shared_ptr<ContractCalls> calls, std::uint64_t size) {
    constexpr std::size_t kMost = 16;
    if (all_.size() == kMost) return nullptr;
    all_.reserve(kMost);  // nothing may go wrong once there is memory
    auto* const memory = calls ? calls->reserve(size) : nullptr;
    if (memory != nullptr) all_.push_back({.contract = &contract, .memory = memory, .calls = std::move(calls)});
    return memory;
  }
  /// Whose it is; null: the request does not lie in what was reserved for this contract.
  std::shared_ptr<ContractCalls> take(const ForwardedContract& contract, const std::uint8_t* request) noexcept {
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const One& one) { return one.memory == request && one.contract == &contract; });
    if (found == all_.end()) return nullptr;
    auto calls = std::move(found->calls);
    all_.erase(found);
    return calls;
  }

 private:
  struct One {
    const ForwardedContract* contract;
    std::uint8_t* memory;
    std::shared_ptr<ContractCalls> calls;
  };
  std::vector<One> all_;
};

thread_local Reserved reserved;

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

mortise_status StandIn::open_topic(Life& life, const Message& message, mortise_error* error) {
  const auto topic = message.text("topic");
  const auto methods = message.text("methods");
  return register_once(life, "publication on " + topic + "\n" + methods, error, [&] {
    if (events_ == nullptr) return MORTISE_UNIMPLEMENTED;
    // Whatever comes of it: numbers are those of the asking side.
    topics_.push_back(nullptr);
    mortise_event_topic* opened = nullptr;
    const auto status = events_->open(host_->host, to_abi(topic), to_abi(methods), &opened, error);
    // What is durable comes as statements: nobody waits for the disk here.
    if (status == MORTISE_OK && !spec_.manifest->is_durable(topic)) topics_.back() = opened;
    return status;
  });
}

/// Of the first.
mortise_status StandIn::publish(std::uint64_t topic, std::string_view key, mortise_bytes bytes) const {
  if (topic >= topics_.size() || topics_[topic] == nullptr) return MORTISE_INVALID_ARGUMENT;
  return events_->publish(topics_[topic], nullptr, to_abi(key), bytes, nullptr);
}

/// Of every contract, on its caller's thread.
mortise_status StandIn::call_contract(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  const auto& contract = *static_cast<const ForwardedContract*>(self);
  return runtime::guarded(nullptr, [&] {
    if (const auto calls = reserved.take(contract, request.data)) {
      return calls->call(contract, method, request, true, reply);
    }
    if (const auto calls = contract.stand_in->contract_calls_in_turn()) {
      return calls->call(contract, method, request, false, reply);
    }
    const auto& generation = runtime::Generation::from(contract.stand_in->host_->host);
    runtime::note_unbegun(generation);
    return runtime::fail_call(generation, MORTISE_UNAVAILABLE, contract.declared->contract, kWorkerIsGone);
  });
}

std::uint8_t* StandIn::reserve_request(void* self, std::uint64_t size) {
  try {
    const auto& contract = *static_cast<const ForwardedContract*>(self);
    return reserved.keep(contract, contract.stand_in->contract_calls_in_turn(), size);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace mortise::isolation
