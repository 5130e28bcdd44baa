#include "runtime/observed_channel.hpp"

#include <utility>

namespace mortise::runtime {
namespace {

/// A proxy, and what it calls over.
struct ObservedProxy {
  ObservedProxy(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts, const ProxyFunctions& functions)
      : channel(to, std::move(counts)), proxy(functions.make_proxy(channel.channel())) {}

  ObservedChannel channel;
  std::shared_ptr<const void> proxy;
};

}  // namespace

ObservedChannel::ObservedChannel(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts) noexcept
    : to_(to),
      counts_(std::move(counts)),
      channel_{.struct_size = sizeof(mortise_channel_v1),
               .reserved = 0,
               .self = this,
               .call = &call,
               .reserve = MORTISE_HAS(mortise_channel_v1, &to, reserve) && to.reserve != nullptr ? &reserve : nullptr} {
}

mortise_status ObservedChannel::call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  using Clock = std::chrono::steady_clock;
  const auto& observed = *static_cast<const ObservedChannel*>(self);
  const auto begin = Clock::now();
  const auto status = call_over(observed.to_, method, request, *reply);
  if (method < observed.counts_->size()) {
    (*observed.counts_)[method].note(status != MORTISE_OK, Clock::now() - begin, request.size,
                                     status == MORTISE_OK ? reply->size : 0);
  }
  return status;
}

std::uint8_t* ObservedChannel::reserve(void* self, std::uint64_t size) {
  return runtime::reserve(static_cast<const ObservedChannel*>(self)->to_, size);
}

std::shared_ptr<const void> make_observed(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts) {
  const auto observed = std::make_shared<const ObservedChannel>(to, std::move(counts));
  return {observed, &observed->channel()};
}

std::shared_ptr<const void> make_observed(const mortise_channel_v1& to, std::shared_ptr<CallCounts> counts,
                                          const ProxyFunctions& proxy) {
  const auto observed = std::make_shared<const ObservedProxy>(to, std::move(counts), proxy);
  return {observed, observed->proxy.get()};
}

}  // namespace mortise::runtime
