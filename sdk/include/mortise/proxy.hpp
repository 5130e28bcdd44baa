// A consumer's side of a provider that is elsewhere: the C functions of a contract that carry their calls over a
// channel in the form of wire.hpp. Nothing here is for plugins.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include <mortise/arena.hpp>
#include <mortise/contract.hpp>
#include <mortise/provide.hpp>
#include <mortise/wire.hpp>

namespace mortise::detail {

/// For a request that is too large for the stack: the channel's own, which need not be copied, or the arena's.
inline std::uint8_t* request_memory(const mortise_channel_v1& channel, std::size_t size) {
  if (MORTISE_HAS(mortise_channel_v1, &channel, reserve) && channel.reserve != nullptr) {
    if (auto* const memory = channel.reserve(channel.self, size)) return memory;
  }
  return static_cast<std::uint8_t*>(arena_allocate(size, 1));
}

/// Sends a request of these values over the channel and has `read_result` read the reply, which is `internal` when it
/// is malformed. Small requests need no memory but the stack's.
template <class ReadResult, class... Values>
mortise_status call_over(const mortise_channel_v1& channel, std::uint32_t method, std::string_view title,
                         ReadResult&& read_result, const Values&... values) noexcept {
  try {
    std::array<std::uint8_t, 256>
        small;  // NOLINT(cppcoreguidelines-pro-type-member-init): written as far as it is sent
    const auto size = message_size(values...);
    auto* const memory = size <= small.size() ? small.data() : request_memory(channel, size);
    write_message(memory, values...);
    mortise_bytes reply{nullptr, 0};
    const auto status = channel.call(channel.self, method, {memory, size}, &reply);
    if (status == MORTISE_OK) [[likely]] {
      WireReader reader(reply, kReply);
      read_result(reader);
      reader.finish();
    }
    return status;
  } catch (...) {
    return fail_with_current_exception(title);
  }
}

/// The C function of one method, whose `self` is the channel.
template <class C, class M, std::uint32_t index, class Signature>
struct ProxyCall;
template <class C, class M, std::uint32_t index, class R, class... Args>
struct ProxyCall<C, M, index, Method<R(Args...)>> {
  static mortise_status call(void* self, Passed<Args>... arguments, R* result) noexcept {
    return call_over(
        *static_cast<const mortise_channel_v1*>(self), index, MethodTitle<C, M>::view(),
        [result](WireReader& reader) { *result = reader.read<R>(); }, arguments...);
  }
};
template <class C, class M, std::uint32_t index, class... Args>
struct ProxyCall<C, M, index, Method<void(Args...)>> {
  static mortise_status call(void* self, Passed<Args>... arguments) noexcept {
    return call_over(
        *static_cast<const mortise_channel_v1*>(self), index, MethodTitle<C, M>::view(), [](WireReader&) {},
        arguments...);
  }
};

/// Makes `contract`, memory for a C, one whose methods call over `channel`: see mortise_requirement_v1.
template <class C>
void fill_proxy(void* contract, const mortise_channel_v1* channel) noexcept {
  auto& proxy = *::new (contract) C;
  DescriptionOf<C>::for_each([&]<class M, class Index>(M, Index) {
    proxy.*
        M::kMember = {&ProxyCall<C, M, Index::value, typename M::Type>::call, const_cast<mortise_channel_v1*>(channel)};
  });
}

}  // namespace mortise::detail
