#include "isolation/remote_socket.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>

#include "http/websocket_elsewhere.hpp"
#include "http/websocket_rules.hpp"
#include "isolation/calling.hpp"
#include "isolation/entered.hpp"
#include "isolation/remote_exchange.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using runtime::to_abi;

mortise_status accept(mortise_http_exchange* exchange, const mortise_websocket_handlers_v1* handlers,
                      mortise_websocket** socket) {
  if (!http::are_sound(handlers) || socket == nullptr || handlers->protocol.size > kMostProtocolBytes) {
    return MORTISE_INVALID_ARGUMENT;
  }
  return runtime::guarded(nullptr, [&] { return RemoteSocket::accept(exchange, handlers, socket); });
}

mortise_status send(mortise_websocket* socket, mortise_bytes data, std::uint32_t is_text) {
  return runtime::guarded(nullptr, [&] { return RemoteSocket::from(socket).send(data, is_text != 0); });
}

mortise_status close(mortise_websocket* socket, std::uint32_t code, mortise_str reason) {
  return runtime::guarded(nullptr, [&] { return RemoteSocket::from(socket).close(code, runtime::to_view(reason)); });
}

constexpr mortise_websocket_v1 kTable{
    .struct_size = sizeof(mortise_websocket_v1), .reserved = 0, .accept = &accept, .send = &send, .close = &close};

std::uint64_t cookie_of(RemoteSocket& socket) { return std::bit_cast<std::uint64_t>(&socket); }

RemoteSocket& socket_of(std::uint64_t cookie) { return *std::bit_cast<RemoteSocket*>(cookie); }

}  // namespace

const mortise_websocket_v1& remote_websocket_table() noexcept { return kTable; }

mortise_status RemoteSocket::accept(mortise_http_exchange* exchange, const mortise_websocket_handlers_v1* handlers,
                                    mortise_websocket** socket) {
  auto& remote = RemoteExchange::from(exchange);
  auto made = std::make_unique<RemoteSocket>(remote.link(), *handlers);
  const auto status = remote.accept(*handlers, cookie_of(*made), made->number_);
  if (status != MORTISE_OK) return status;
  *socket = made.release()->handle();  // hear() ends it
  return MORTISE_OK;
}

/// What has room in a block of the smallest size is said without waiting. Of a larger one the memory is to be free
/// again at once.
mortise_status RemoteSocket::send(mortise_bytes data, bool is_text) {
  const auto cost = data.size + http::kMessageCost;
  if (const auto counted = count(cost); counted != MORTISE_OK) return counted;
  Completion what;
  what.kind = is_text ? Kind::send_text : Kind::send_binary;
  what.argument = number_;
  if (data.size > BlockHeap::kLeastBytes) {
    const auto status = say_and_wait(what, data.data, data.size);
    if (status != MORTISE_OK) take_back(cost);
    return status;
  }
  if (link_.complete_with(what, data.data, data.size)) return MORTISE_OK;
  take_back(cost);
  return MORTISE_RESOURCE_EXHAUSTED;
}

/// As the host's own socket does, whose queue is never fuller than it looks from here.
mortise_status RemoteSocket::count(std::uint64_t cost) {
  using http::WebSocketsElsewhere;
  const std::lock_guard lock(mutex_);
  const auto ledger = link_.area().memory().ledgers[number_ % kSocketCount].load(std::memory_order_relaxed);
  if ((ledger & WebSocketsElsewhere::kClosed) != 0) return MORTISE_CANCELLED;
  if (!http::fits_into_queue(sent_cost_ - ledger, cost)) return MORTISE_RESOURCE_EXHAUSTED;
  sent_cost_ += cost;
  return MORTISE_OK;
}

/// It was not sent.
void RemoteSocket::take_back(std::uint64_t cost) {
  const std::lock_guard lock(mutex_);
  sent_cost_ -= cost;
}

mortise_status RemoteSocket::close(std::uint32_t code, std::string_view reason) {
  if (!http::can_close_with(code, reason)) return MORTISE_INVALID_ARGUMENT;
  Completion what;
  what.kind = Kind::close;
  what.argument = number_;
  what.status = static_cast<std::int32_t>(code);
  return say_and_wait(what, reason.data(), reason.size());
}

mortise_status RemoteSocket::say_and_wait(Completion what, const void* bytes, std::uint64_t size) {
  auto* const block = link_.heap().allocate(std::max<std::uint64_t>(size, 1));
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  if (size > 0) std::memcpy(block, bytes, size);
  what.offset = link_.area().offset_of(block);
  what.size = size;
  std::uint64_t ignored = 0;
  const auto status = link_.complete_and_wait(what, ignored);
  link_.heap().free(block);
  return status;
}

mortise_status RemoteSocket::call(const SocketEvent& event, std::string_view payload, mortise_error* error) {
  if (event.kind == SocketEvent::Kind::close) {
    handlers_.on_close(handlers_.self, handle(), event.code, to_abi(payload));
    return MORTISE_OK;
  }
  return handlers_.on_message(handlers_.self, handle(),
                              {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()},
                              event.kind == SocketEvent::Kind::text ? 1 : 0, error);
}

void RemoteSocket::hear(HostLink& link, Bindings& bindings, std::uint32_t number) {
  auto& memory = link.area().memory().calls[number];
  const auto* const form = reinterpret_cast<const char*>(link.area().at(memory.offset));
  SocketEvent event;
  std::memcpy(&event, form, sizeof event);
  const std::string_view request_id(form + sizeof event, event.request_id_size);
  const auto head_size = sizeof event + event.request_id_size;
  const std::string_view payload(form + head_size, memory.size - head_size);
  const std::string_view described(form + memory.size, memory.bindings_size);
  auto& socket = socket_of(event.cookie);
  const auto& generation = bindings.generation();
  std::array<char, kMostMessageBytes> text;  // NOLINT(cppcoreguidelines-pro-type-member-init): the handler's to write
  mortise_error error{.struct_size = sizeof(mortise_error),
                      .capacity = static_cast<std::uint32_t>(text.size()),
                      .size = 0,
                      .reserved = 0,
                      .message = text.data()};
  Completion what;
  what.kind = Kind::heard;
  what.call = number;
  what.status = MORTISE_INTERNAL;
  std::string_view message = "the handler let an exception out";
  {
    const telemetry::LogScope log_scope(generation.name(), generation.number_text(), request_id);
    try {
      const auto cone = bindings.find(described);
      const Entered entered(Entered::Way::request, number);
      const calling::Handler handler(memory);
      const runtime::Scope scope(cone);
      what.status = socket.call(event, payload, &error);
      message = {text.data(), std::min<std::size_t>(error.size, text.size())};
    } catch (...) {  // no exception may cross the ABI; one that does is this socket's failure, not the worker's
      if (event.kind == SocketEvent::Kind::close) message = "on_close let an exception out";
    }
  }
  if (event.kind == SocketEvent::Kind::close) delete &socket;
  what.offset = link.area().offset_of(memory.answer.data());
  what.size = what.status == MORTISE_OK ? 0 : message.size();
  if (what.size > 0) std::memcpy(memory.answer.data(), message.data(), what.size);
  link.complete(what, true);
}

}  // namespace mortise::isolation
