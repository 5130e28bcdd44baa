#include "isolation/remote_http.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "isolation/remote_exchange.hpp"
#include "isolation/remote_socket.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::isolation {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::to_view;

RemoteHttp* http_of(const runtime::Generation& generation) {
  if (generation.state() != runtime::GenerationState::initialising) return nullptr;
  return dynamic_cast<RemoteHttp*>(generation.service_of(MORTISE_HTTP_V1));
}

mortise_status not_in_init(mortise_error* error) {
  return runtime::to_abi(Error{ErrorCode::failed_precondition, "this is registered during init only"}, error);
}

mortise_status to_status(const base::Result<void>& result, mortise_error* error) {
  return result ? MORTISE_OK : runtime::to_abi(result.error(), error);
}

mortise_status add_route(mortise_host* host, const mortise_http_route_v1* route, mortise_error* error) {
  if (route == nullptr || !MORTISE_HAS(mortise_http_route_v1, route, handle)) return MORTISE_INVALID_ARGUMENT;
  auto* const http = http_of(runtime::Generation::from(host));
  if (http == nullptr) return not_in_init(error);
  return runtime::guarded(error, [&] { return to_status(http->add_route(*route), error); });
}

mortise_status mount(mortise_host* host, mortise_str prefix, const mortise_asset* assets, std::uint64_t asset_count,
                     mortise_error* error) {
  if (assets == nullptr && asset_count > 0) return MORTISE_INVALID_ARGUMENT;
  auto* const http = http_of(runtime::Generation::from(host));
  if (http == nullptr) return not_in_init(error);
  return runtime::guarded(error, [&] {
    return to_status(http->mount(to_view(prefix), {assets, static_cast<std::size_t>(asset_count)}), error);
  });
}

mortise_status mount_directory(mortise_host* host, mortise_str prefix, mortise_str directory, mortise_error* error) {
  auto* const http = http_of(runtime::Generation::from(host));
  if (http == nullptr) return not_in_init(error);
  return runtime::guarded(error,
                          [&] { return to_status(http->mount_directory(to_view(prefix), to_view(directory)), error); });
}

mortise_status respond(mortise_http_exchange* exchange, const mortise_http_response_v1* response) {
  return response == nullptr ? MORTISE_INVALID_ARGUMENT : RemoteExchange::from(exchange).respond(*response);
}

mortise_status defer(mortise_http_exchange* exchange) { return RemoteExchange::from(exchange).defer(); }

mortise_status read_body(mortise_http_exchange* exchange, std::uint8_t* buffer, std::uint64_t capacity,
                         std::uint64_t* size) {
  if (buffer == nullptr || size == nullptr || capacity == 0) return MORTISE_INVALID_ARGUMENT;
  return RemoteExchange::from(exchange).read_body({buffer, static_cast<std::size_t>(capacity)}, *size);
}

mortise_status start(mortise_http_exchange* exchange, const mortise_http_response_v1* head) {
  return head == nullptr ? MORTISE_INVALID_ARGUMENT : RemoteExchange::from(exchange).start(*head);
}

mortise_status write(mortise_http_exchange* exchange, mortise_bytes piece, std::uint32_t timeout_ms) {
  return RemoteExchange::from(exchange).write(piece, timeout_ms);
}

mortise_status finish(mortise_http_exchange* exchange) { return RemoteExchange::from(exchange).finish(); }

void abort(mortise_http_exchange* exchange) { RemoteExchange::from(exchange).abort(); }

mortise_status on_close(mortise_http_exchange* exchange, void (*callback)(void* self), void* self) {
  return callback == nullptr ? MORTISE_INVALID_ARGUMENT : RemoteExchange::from(exchange).on_close(callback, self);
}

std::uint64_t time_left_ms(mortise_http_exchange* exchange) { return RemoteExchange::from(exchange).time_left_ms(); }

constexpr mortise_http_v1 kHttp{.struct_size = sizeof(mortise_http_v1),
                                .reserved = 0,
                                .add_route = &add_route,
                                .respond = &respond,
                                .defer = &defer,
                                .read_body = &read_body,
                                .start = &start,
                                .write = &write,
                                .finish = &finish,
                                .abort = &abort,
                                .on_close = &on_close,
                                .time_left_ms = &time_left_ms};

constexpr mortise_assets_v1 kAssets{
    .struct_size = sizeof(mortise_assets_v1), .reserved = 0, .mount = &mount, .mount_directory = &mount_directory};

}  // namespace

const void* RemoteHttp::interface(std::string_view id) const noexcept {
  if (id == MORTISE_HTTP_V1) return &kHttp;
  if (id == MORTISE_WEBSOCKET_V1) return &remote_websocket_table();
  return id == MORTISE_ASSETS_V1 ? &kAssets : nullptr;
}

base::Result<void> RemoteHttp::add_route(const mortise_http_route_v1& route) {
  nlohmann::json head{{"what", "route"},
                      {"method", to_view(route.method)},
                      {"pattern", to_view(route.pattern)},
                      {"flags", route.flags},
                      {"body_limit_bytes", route.body_limit_bytes},
                      {"has_handler", route.handle != nullptr ? 1 : 0}};
  if (MORTISE_HAS(mortise_http_route_v1, &route, deadline_ms)) head["deadline_ms"] = route.deadline_ms;
  // Asked for one that is refused, the host counts it all the same.
  keep({.handle = route.handle, .self = route.self, .pattern = std::string(to_view(route.pattern))});
  return link_.ask(std::move(head));
}

base::Result<void> RemoteHttp::mount(std::string_view prefix, std::span<const mortise_asset> files) {
  for (const auto& file : files) {
    const std::string_view bytes(reinterpret_cast<const char*>(file.data.data),
                                 static_cast<std::size_t>(file.data.size));
    auto taken = link_.ask({{"what", "file"}, {"path", to_view(file.path)}}, bytes);
    if (!taken) return taken;
  }
  return link_.ask({{"what", "files"}, {"prefix", prefix}});
}

base::Result<void> RemoteHttp::mount_directory(std::string_view prefix, std::string_view directory) {
  return link_.ask({{"what", "directory"}, {"prefix", prefix}, {"directory", directory}});
}

}  // namespace mortise::isolation
