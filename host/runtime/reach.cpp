#include "runtime/reach.hpp"

#include <algorithm>
#include <utility>

namespace mortise::runtime {
namespace {

mortise_status call_nobody(void*, std::uint32_t, mortise_bytes, mortise_bytes*) { return MORTISE_UNAVAILABLE; }

}  // namespace

base::Result<ProxyFunctions> ProxyFunctions::ask(const mortise_requirement_v1& requirement, std::size_t method_count) {
  ProxyFunctions functions;
  if (!MORTISE_HAS(mortise_requirement_v1, &requirement, fill_proxy) || requirement.fill_proxy == nullptr) {
    return functions;
  }
  static const mortise_channel_v1 kNobody{.struct_size = sizeof(mortise_channel_v1),
                                          .reserved = 0,
                                          .self = nullptr,
                                          .call = &call_nobody,
                                          .reserve = nullptr};
  functions.methods_.resize(method_count);
  requirement.fill_proxy(functions.methods_.data(), &kNobody);
  const bool is_sound = std::all_of(functions.methods_.begin(), functions.methods_.end(), [](const auto& method) {
    return method.function != nullptr && method.self == &kNobody;
  });
  if (is_sound) return functions;
  return base::Error{base::ErrorCode::invalid_argument,
                     "its fill_proxy leaves a method without a function, or with a `self` that is not the channel"};
}

std::shared_ptr<const void> ProxyFunctions::make_proxy(const mortise_channel_v1& channel) const {
  auto methods = std::make_shared<std::vector<ContractMethod>>(methods_);
  for (auto& method : *methods) method.self = const_cast<mortise_channel_v1*>(&channel);
  return {methods, methods->data()};
}

mortise_status call_over(const mortise_channel_v1& channel, std::uint32_t method, mortise_bytes request,
                         mortise_bytes& reply) noexcept {
  try {
    return channel.call(channel.self, method, request, &reply);
  } catch (...) {
    return MORTISE_INTERNAL;
  }
}

std::uint8_t* reserve(const mortise_channel_v1& channel, std::uint64_t size) noexcept {
  return channel.reserve == nullptr ? nullptr : channel.reserve(channel.self, size);
}

DispatchChannel::DispatchChannel(const mortise_provision_v1& provision) noexcept
    : channel_{.struct_size = sizeof(mortise_channel_v1),
               .reserved = 0,
               .self = this,
               .call = &call,
               .reserve = nullptr},
      provided_(provision.provided),
      dispatch_(provision.dispatch) {}

mortise_status DispatchChannel::call(void* self, std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
  const auto& to = *static_cast<DispatchChannel*>(self);
  return to.dispatch_(to.provided_, method, request, reply);
}

}  // namespace mortise::runtime
