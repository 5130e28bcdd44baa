// mortise.http/1, assets/1 and websocket/1 as a worker offers them: the host registers what the plugin does, and the
// worker keeps what to call.
#pragma once

#include <mortise/abi/assets.h>
#include <mortise/abi/http.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "isolation/host_link.hpp"
#include "runtime/service.hpp"

namespace mortise::isolation {

/// A route of the plugin; its number is that of its registration.
struct RemoteRoute {
  mortise_status (*handle)(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                           mortise_error* error) = nullptr;
  void* self = nullptr;
  std::string pattern;
};

/// The one service of a worker beside contracts. Registration on the main thread, inside init; the routes do not change
/// after it.
class RemoteHttp : public runtime::Service {
 public:
  /// `link` outlives it.
  explicit RemoteHttp(HostLink& link) noexcept : link_(link) {}

  base::Result<void> add_route(const mortise_http_route_v1& route);
  /// As the next number.
  void keep(RemoteRoute route) { routes_.push_back(std::move(route)); }
  base::Result<void> mount(std::string_view prefix, std::span<const mortise_asset> files);
  base::Result<void> mount_directory(std::string_view prefix, std::string_view directory);
  [[nodiscard]] const RemoteRoute& route(std::uint32_t number) const { return routes_[number]; }

  // --- From Service. What is published, and what conflicts, is the host's affair.
  const void* interface(std::string_view id) const noexcept override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr&) override {}
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  void cut(const runtime::Generation&) override {}
  void forget(const runtime::Generation&) override {}

 private:
  HostLink& link_;
  std::deque<RemoteRoute> routes_;
};

}  // namespace mortise::isolation
