// What mortise.websocket/1 lets a plugin ask for, the same wherever it runs.
#pragma once

#include <mortise/abi/websocket.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/websocket_handshake.hpp"

namespace mortise::http {

/// Whether accept() takes them.
[[nodiscard]] bool are_sound(const mortise_websocket_handlers_v1* handlers) noexcept;
/// What such handlers ask of the client; the texts are borrowed.
[[nodiscard]] HandshakeTerms terms_of(const mortise_websocket_handlers_v1& handlers) noexcept;

/// What a message takes of a socket's queue beside its bytes: empty ones must not fill the memory either.
inline constexpr std::size_t kMessageCost = 64;
/// Whether send() takes a message of this cost, with so much in the queue; an empty one has room for any.
[[nodiscard]] constexpr bool fits_into_queue(std::uint64_t queued, std::uint64_t cost) noexcept {
  constexpr std::uint64_t kMostQueued = std::uint64_t{1} << 20U;
  return queued == 0 || (cost <= kMostQueued && queued <= kMostQueued - cost);
}

/// Of a close frame, in bytes.
inline constexpr std::size_t kMostReasonBytes = 123;
/// Whether close() takes them.
[[nodiscard]] bool can_close_with(std::uint32_t code, std::string_view reason) noexcept;

}  // namespace mortise::http
