// What host and worker tell each other of WebSockets, as bytes in shared memory. A socket has a number of the host's,
// by which the worker names it, and a cookie of the worker's, by which the host does.
//
// What a plugin sends is said without waiting for an answer. So the worker counts what it has sent, and reads in the
// socket's ledger what of it has left the queue: it lets no more through than the host takes.
#pragma once

#include <cstdint>

namespace mortise::isolation {

/// What a worker accepts an upgrade with; the subprotocol that it speaks follows.
struct SocketTerms {
  std::uint64_t cookie = 0;
  std::uint32_t flags = 0;  // MORTISE_WEBSOCKET_*
  std::uint32_t protocol_size = 0;
};
inline constexpr std::uint32_t kMostProtocolBytes = 1024;

/// The reply to that, where it does not lead to a socket: what has become of the exchange.
inline constexpr std::uint64_t kExchangeIsOpen = 0;
inline constexpr std::uint64_t kExchangeIsOver = 1;

/// What a socket has to tell, in the place of a request; the id of the request that it was opened by follows, and then
/// the message, or the reason of the close.
struct SocketEvent {
  enum class Kind : std::uint32_t { text, binary, close };

  std::uint64_t cookie = 0;
  Kind kind = Kind::text;
  std::uint32_t code = 0;  // of the close
  std::uint32_t request_id_size = 0;
  std::uint32_t reserved = 0;
};

}  // namespace mortise::isolation
