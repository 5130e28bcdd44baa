// WebSockets of a plugin that runs in another process: what its stand-in needs of the edge beyond mortise.websocket/1,
// since its handlers are not over when they return.
#pragma once

#include <mortise/abi/websocket.h>

#include <atomic>
#include <cstdint>

#include "runtime/release.hpp"

namespace mortise::http {

/// A table, so that tests can have an edge of their own. Any thread, but for what says otherwise.
struct WebSocketsElsewhere {
  enum class Accepted : std::uint8_t {
    yes,
    refused,  // the request asks for no WebSocket, or wrongly; it has been answered, and the exchange is over
    no,       // it was answered, its time is up, it streams its body, was not expected, or has no cone; it is as it was
  };

  /// The exchange, which the caller is about to defer, may be accepted until it has ended: so it is with each request
  /// that has an Upgrade header. [in-scope]
  void (*expect)(mortise_http_exchange* exchange);
  /// Takes over an exchange that was expected and is deferred, or refuses it. `cone` is what it was entered with, and
  /// null where nobody holds that: a socket cannot come to be then. The handlers, which are sound, only pass on what
  /// they are called with: after on_message has returned MORTISE_OK, and always after on_close, end_handler() is called
  /// once. The socket opens with start().
  ///
  /// Into `ledger`, which is 0, goes what the messages have cost (websocket_rules.hpp) that the queue has been rid of,
  /// and kClosed when nothing more is taken: so whoever counts what was sent knows, without asking, whether there is
  /// room. A value on its own: relaxed. Only written; until end_handler() was called for on_close.
  ///
  /// `queued`, which several sockets share, is what their queues hold at the moment, in the same measure: a socket adds
  /// what it takes and subtracts what it is rid of, and all that is left before on_close is called. Relaxed, likewise.
  Accepted (*accept)(mortise_http_exchange* exchange, const runtime::ConePtr& cone,
                     const mortise_websocket_handlers_v1& handlers, std::atomic<std::uint64_t>& ledger,
                     std::atomic<std::uint64_t>& queued, mortise_websocket** socket);
  static constexpr std::uint64_t kClosed = std::uint64_t{1} << 63U;
  /// The route's handler has returned; of an exchange that was accepted, and that the caller has no more to do with.
  void (*start)(mortise_http_exchange* exchange);
  /// As in mortise.websocket/1, until end_handler() was called for on_close.
  mortise_status (*send)(mortise_websocket* socket, mortise_bytes data, std::uint32_t is_text);
  mortise_status (*close)(mortise_websocket* socket, std::uint32_t code, mortise_str reason);
  /// What was passed on is over; `is_ok`: the handler has not failed.
  void (*end_handler)(mortise_websocket* socket, bool is_ok);
};

const WebSocketsElsewhere& websockets_elsewhere() noexcept;

}  // namespace mortise::http
