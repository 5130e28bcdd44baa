#include "http/websocket_elsewhere.hpp"

#include <memory>
#include <utility>
#include <variant>

#include "http/exchange.hpp"
#include "http/websocket.hpp"
#include "http/websocket_rules.hpp"
#include "http/websocket_table.hpp"

namespace mortise::http {
namespace {

using Accepted = WebSocketsElsewhere::Accepted;

void expect(mortise_http_exchange* exchange) { Exchange::from(exchange).expect_successor(); }

Accepted accept(mortise_http_exchange* handle, const runtime::ConePtr& cone,
                const mortise_websocket_handlers_v1& handlers, std::atomic<std::uint64_t>& ledger,
                std::atomic<std::uint64_t>& queued, mortise_websocket** socket) {
  auto& exchange = Exchange::from(handle);
  auto& connection = exchange.connection();  // which keeps the request's head while the exchange is open
  auto checked = check_handshake(connection.head(), terms_of(handlers));
  if (const auto* refusal = std::get_if<HandshakeRefusal>(&checked)) {
    if (!exchange.claim_deferred(false)) return Accepted::no;
    exchange.refuse_deferred(refusal->status, refusal->detail, refusal->headers);
    return Accepted::refused;
  }
  if (cone == nullptr) return Accepted::no;  // there is no scope for its messages
  auto made = std::make_unique<WebSocket>(connection, cone, handlers, std::get<Handshake>(std::move(checked)), &ledger,
                                          &queued);
  if (!exchange.claim_deferred(true)) return Accepted::no;
  *socket = made->handle();
  exchange.take_over_deferred(std::move(made));
  return Accepted::yes;
}

void start(mortise_http_exchange* exchange) { Exchange::from(exchange).start_successor(); }

void end_handler(mortise_websocket* socket, bool is_ok) { WebSocket::from(socket).end_handler(is_ok); }

}  // namespace

const WebSocketsElsewhere& websockets_elsewhere() noexcept {
  static const WebSocketsElsewhere kTable{.expect = &expect,
                                          .accept = &accept,
                                          .start = &start,
                                          .send = websocket_table().send,
                                          .close = websocket_table().close,
                                          .end_handler = &end_handler};
  return kTable;
}

}  // namespace mortise::http
