#include "http/exchange_table.hpp"

#include "http/exchange.hpp"
#include "http/route_registry.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

mortise_status add_route(mortise_host* host, const mortise_http_route_v1* route, mortise_error* error) {
  const auto& generation = runtime::Generation::from(host);
  auto* registry = RouteRegistry::of(generation);
  if (registry == nullptr || route == nullptr) return MORTISE_INVALID_ARGUMENT;
  return runtime::guarded(error, [&] {
    const auto added = registry->add(generation, *route);
    return added ? MORTISE_OK : runtime::to_abi(added.error(), error);
  });
}

mortise_status respond(mortise_http_exchange* exchange, const mortise_http_response_v1* response) {
  return response == nullptr ? MORTISE_INVALID_ARGUMENT : Exchange::from(exchange).respond(*response);
}

mortise_status defer(mortise_http_exchange* exchange) { return Exchange::from(exchange).defer(); }

mortise_status read_body(mortise_http_exchange* exchange, std::uint8_t* buffer, std::uint64_t capacity,
                         std::uint64_t* size) {
  if (buffer == nullptr || size == nullptr || capacity == 0) return MORTISE_INVALID_ARGUMENT;
  return Exchange::from(exchange).read_body({buffer, static_cast<std::size_t>(capacity)}, *size);
}

mortise_status start(mortise_http_exchange* exchange, const mortise_http_response_v1* head) {
  return head == nullptr ? MORTISE_INVALID_ARGUMENT : Exchange::from(exchange).start(*head);
}

mortise_status write(mortise_http_exchange* exchange, mortise_bytes piece, std::uint32_t timeout_ms) {
  return Exchange::from(exchange).write(
      {reinterpret_cast<const char*>(piece.data), static_cast<std::size_t>(piece.size)},
      std::chrono::milliseconds(timeout_ms));
}

mortise_status finish(mortise_http_exchange* exchange) { return Exchange::from(exchange).finish(); }
void abort_exchange(mortise_http_exchange* exchange) { Exchange::from(exchange).abort(); }

mortise_status on_close(mortise_http_exchange* exchange, void (*callback)(void*), void* self) {
  return callback == nullptr ? MORTISE_INVALID_ARGUMENT : Exchange::from(exchange).on_close(callback, self);
}

std::uint64_t time_left_ms(mortise_http_exchange* exchange) { return Exchange::from(exchange).time_left_ms(); }

constexpr mortise_http_v1 kTable{.struct_size = sizeof(mortise_http_v1),
                                 .reserved = 0,
                                 .add_route = &add_route,
                                 .respond = &respond,
                                 .defer = &defer,
                                 .read_body = &read_body,
                                 .start = &start,
                                 .write = &write,
                                 .finish = &finish,
                                 .abort = &abort_exchange,
                                 .on_close = &on_close,
                                 .time_left_ms = &time_left_ms};

}  // namespace

const mortise_http_v1& http_table() noexcept { return kTable; }

}  // namespace mortise::http
