// What a slot leads to while the calls between plugins are observed: a channel that counts each call and passes it on
// to the provider's own, whether that is here or elsewhere.
#pragma once

#include <mortise/abi/contracts.h>

#include <memory>

#include "runtime/observed_calls.hpp"
#include "runtime/reach.hpp"

namespace mortise::runtime {

/// Of one link. Lives as long as a binding table leads there; any thread.
class ObservedChannel {
 public:
  /// `to` outlives it, as it does all that is bound to it; `counts` has one for each method that the consumer knows.
  ObservedChannel(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts) noexcept;
  ObservedChannel(const ObservedChannel&) = delete;
  ObservedChannel& operator=(const ObservedChannel&) = delete;

  [[nodiscard]] const mortise_channel_v1& channel() const noexcept { return channel_; }

 private:
  static mortise_status call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply);
  static std::uint8_t* reserve(void* self, std::uint64_t size);

  const mortise_channel_v1& to_;
  const std::shared_ptr<CallCounts> counts_;
  const mortise_channel_v1 channel_;
};

/// What a consumer elsewhere is bound to: the channel itself.
std::shared_ptr<const void> make_observed(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts);
/// What a consumer here is bound to: a proxy of its own code over the channel.
std::shared_ptr<const void> make_observed(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts,
                                          const ProxyFunctions& proxy);

}  // namespace mortise::runtime
