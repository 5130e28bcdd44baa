// Which routes each generation has registered, from its init to its end; tables are built from here.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "http/router.hpp"
#include "runtime/service.hpp"

namespace mortise::http {

/// Owned by the server. Any thread: plugins register on the control thread, the release thread builds.
class RouteRegistry {
 public:
  /// The registry of the server that gives this generation its interfaces, or null: the C tables know only the plugin.
  static RouteRegistry* of(const runtime::Generation& generation);

  /// Checks and keeps a route. Refused when the generation is past its init, or has that route.
  base::Result<void> add(const runtime::Generation& generation, const mortise_http_route_v1& route);
  /// Keeps an object alive as long as the generation's routes: what a route's `self` points to.
  void keep(const runtime::Generation& generation, std::shared_ptr<void> object);
  void forget(const runtime::Generation& generation);

  struct Built {
    std::shared_ptr<const RouteTable> table;
    std::vector<runtime::Service::Conflict> conflicts;  // their generations are not in the table
  };
  /// The table of these generations, in their order.
  [[nodiscard]] Built build(std::span<const runtime::GenerationPtr> generations) const;

 private:
  struct Registered {
    std::vector<RoutePtr> routes;
    std::vector<std::shared_ptr<void>> kept;
  };
  mutable std::mutex mutex_;
  std::map<const runtime::Generation*, Registered> registered_;  // guarded by mutex_
};

}  // namespace mortise::http
