// A provider's side of a consumer that is elsewhere: calls that arrive as bytes in the form of wire.hpp are made on the
// provided contract. Nothing here is for plugins.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mortise/arena.hpp>
#include <mortise/contract.hpp>
#include <mortise/provide.hpp>
#include <mortise/wire.hpp>

namespace mortise::detail {

/// The reply of a method without a result.
inline constexpr std::uint8_t kEmptyReply[] = {kWireVersion};

/// Answers a request for one method with what the contract's C function says.
template <class C, class M, class Signature>
struct DispatchCall;
template <class C, class M, class R, class... Args>
struct DispatchCall<C, M, Method<R(Args...)>> {
  static mortise_status call(const C& contract, mortise_bytes request, mortise_bytes& reply) noexcept {
    try {
      WireReader reader(request, kRequest);
      const std::tuple<Passed<Args>...> arguments{reader.read<Passed<Args>>()...};  // braces: from left to right
      reader.finish();
      const auto& method = contract.*M::kMember;
      return std::apply(
          [&](const auto&... values) {
            if constexpr (std::is_void_v<R>) {
              reply = {kEmptyReply, sizeof kEmptyReply};
              return method.function()(method.self(), values...);
            } else {
              R result;  // NOLINT(cppcoreguidelines-pro-type-member-init): the method's, as far as it succeeds
              const mortise_status status = method.function()(method.self(), values..., &result);
              if (status == MORTISE_OK) [[likely]]
                reply = write_reply(result);
              return status;
            }
          },
          arguments);
    } catch (...) {
      return fail_with_current_exception(MethodTitle<C, M>::view());
    }
  }

 private:
  template <class Result>
  static mortise_bytes write_reply(const Result& result) {
    const auto size = message_size(result);
    auto* const memory = static_cast<std::uint8_t*>(arena_allocate(size, 1));
    write_message(memory, result);
    return {memory, size};
  }
};

/// A call of a method that the contract does not have.
template <class C>
[[gnu::cold, gnu::noinline]] mortise_status refuse_method(std::uint32_t method) noexcept {
  try {
    throw Error(Status::invalid_argument,
                "method " + std::to_string(method) + " was called, of " +
                    std::to_string(DescriptionOf<C>::kMethodCount) +
                    " that this provider has; use a provider that was built with a newer contract header");
  } catch (...) {
    return fail_with_current_exception(contract_id<C>());
  }
}

/// Answers a request: see mortise_provision_v1. Fails with what the method failed with, MORTISE_INVALID_ARGUMENT when
/// the bytes are no call of it, and MORTISE_RESOURCE_EXHAUSTED when the arena has no room for them or for the reply.
template <class C>
mortise_status dispatch(const void* provided, std::uint32_t method, mortise_bytes request,
                        mortise_bytes* reply) noexcept {
  using Call = mortise_status (*)(const C&, mortise_bytes, mortise_bytes&) noexcept;
  static constexpr auto kCalls = [] {
    std::array<Call, DescriptionOf<C>::kMethodCount> calls{};
    DescriptionOf<C>::for_each(
        [&]<class M, class Index>(M, Index) { calls[Index::value] = &DispatchCall<C, M, typename M::Type>::call; });
    return calls;
  }();
  if (method >= kCalls.size()) [[unlikely]]
    return refuse_method<C>(method);
  return kCalls[method](*static_cast<const C*>(provided), request, *reply);
}

}  // namespace mortise::detail
