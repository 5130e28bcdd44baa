// Which routes each generation has registered, from its init to its end; tables are built from here.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
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

  /// Which of these generations claim a route that one before them has.
  [[nodiscard]] std::vector<runtime::Service::Conflict> conflicts(
      std::span<const runtime::GenerationPtr> generations) const;
  /// The table of a release in which there are no conflicts.
  [[nodiscard]] std::shared_ptr<const RouteTable> build(const runtime::Release& release) const;

 private:
  [[nodiscard]] std::vector<RoutePtr> routes_of(const runtime::Generation& generation) const;

  struct Registered {
    std::vector<RoutePtr> routes;
    std::vector<std::shared_ptr<void>> kept;
  };
  mutable std::mutex mutex_;
  std::unordered_map<const runtime::Generation*, Registered> registered_;  // guarded by mutex_
};

}  // namespace mortise::http
