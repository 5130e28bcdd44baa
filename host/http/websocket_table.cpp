#include "http/websocket_table.hpp"

#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "http/exchange.hpp"
#include "http/loop.hpp"
#include "http/websocket.hpp"
#include "http/websocket_handshake.hpp"
#include "http/websocket_rules.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::http {
namespace {

using runtime::to_view;

mortise_status accept(mortise_http_exchange* handle, const mortise_websocket_handlers_v1* handlers,
                      mortise_websocket** socket) {
  if (!are_sound(handlers) || socket == nullptr) return MORTISE_INVALID_ARGUMENT;
  auto& exchange = Exchange::from(handle);
  if (!exchange.can_be_taken_over()) return MORTISE_FAILED_PRECONDITION;
  auto& connection = exchange.connection();
  auto checked = check_handshake(connection.head(), terms_of(*handlers));
  if (const auto* refusal = std::get_if<HandshakeRefusal>(&checked)) {
    exchange.refuse(refusal->status, refusal->detail, refusal->headers);
    return MORTISE_FAILED_PRECONDITION;
  }
  auto made = std::make_unique<WebSocket>(connection, connection.cone(), *handlers,
                                          std::get<Handshake>(std::move(checked)), nullptr, nullptr);
  *socket = made->handle();
  return exchange.take_over(std::move(made));
}

mortise_status send(mortise_websocket* socket, mortise_bytes data, std::uint32_t is_text) {
  return WebSocket::from(socket).send({reinterpret_cast<const char*>(data.data), static_cast<std::size_t>(data.size)},
                                      is_text != 0);
}

mortise_status close(mortise_websocket* socket, std::uint32_t code, mortise_str reason) {
  return WebSocket::from(socket).close(code, to_view(reason));
}

constexpr mortise_websocket_v1 kTable{
    .struct_size = sizeof(mortise_websocket_v1), .reserved = 0, .accept = &accept, .send = &send, .close = &close};

}  // namespace

const mortise_websocket_v1& websocket_table() noexcept { return kTable; }

}  // namespace mortise::http
