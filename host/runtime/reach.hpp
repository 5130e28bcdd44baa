// How a consumer gets at a provider that is not in its process: the calls of one side arrive at the other as bytes,
// over a channel (mortise_channel_v1).
//
//  consumer | provider  | its slot is bound to
//  here     | here      | the provider's contract: a call is a function call
//  here     | elsewhere | a proxy: the consumer's own functions, which carry their calls over the provider's channel
//  elsewhere| either    | the provider's channel itself: the consumer's process has the proxy
//
// While calls are observed (observed_channel.hpp), a channel that counts them stands before the provider's, and a
// consumer here has a proxy in the first case, too.
#pragma once

#include <mortise/abi/contracts.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"

namespace mortise::runtime {

/// What a contract's struct has for each method.
struct ContractMethod {
  void (*function)() = nullptr;  // of whatever type the method's is
  void* self = nullptr;
};

/// The functions that a consumer's code has for a contract whose provider is elsewhere. They are the code's; no code of
/// the plugin runs to make a proxy of them.
class ProxyFunctions {
 public:
  /// None: its provider must be here.
  ProxyFunctions() = default;
  /// Has the plugin say them. Error: it does not keep to the rule that each method's `self` is the channel.
  /// [control thread, during init]
  static base::Result<ProxyFunctions> ask(const mortise_requirement_v1& requirement, std::size_t method_count);

  [[nodiscard]] bool is_empty() const noexcept { return methods_.empty(); }
  /// A contract's struct whose calls go over `channel`, which outlives it.
  [[nodiscard]] std::shared_ptr<const void> make_proxy(const mortise_channel_v1& channel) const;

 private:
  std::vector<ContractMethod> methods_;
};

/// Has the channel's method answer; an exception that its code lets out is a failure like another. [in-scope]
mortise_status call_over(const mortise_channel_v1& channel, std::uint32_t method, mortise_bytes request,
                         mortise_bytes& reply) noexcept;

/// Memory for a request over the channel; null: there is none but the caller's own. [in-scope]
std::uint8_t* reserve(const mortise_channel_v1& channel, std::uint64_t size) noexcept;

/// The channel to a provider that is here: its own code reads the calls.
class DispatchChannel {
 public:
  /// `provision` has `dispatch`; what it provides outlives this.
  explicit DispatchChannel(const mortise_provision_v1& provision) noexcept;
  DispatchChannel(const DispatchChannel&) = delete;
  DispatchChannel& operator=(const DispatchChannel&) = delete;

  [[nodiscard]] const mortise_channel_v1& channel() const noexcept { return channel_; }

 private:
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);

  mortise_channel_v1 channel_;
  const void* provided_;
  decltype(mortise_provision_v1::dispatch) dispatch_;
};

}  // namespace mortise::runtime
