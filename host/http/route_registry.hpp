// Which routes each generation has registered, from its init to its end; tables are built from here.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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

  /// Checks and keeps a route. Refused when the generation is past its init, or has that route. `deadline_header`: see
  /// Route.
  base::Result<void> add(const runtime::Generation& generation, const mortise_http_route_v1& route,
                         std::string_view deadline_header = {});
  /// Keeps an object alive as long as the generation's routes: what a route's `self` points to.
  void keep(const runtime::Generation& generation, std::shared_ptr<void> object);
  void forget(const runtime::Generation& generation);

  /// Which of these generations claim a route that one before them has. While none does, its time follows what has
  /// changed since the last call.
  [[nodiscard]] std::vector<runtime::Service::Conflict> conflicts(const runtime::GenerationSet& generations);
  /// The table of a release in which there are no conflicts: made from the last one, where that is still in use and has
  /// the same routes.
  [[nodiscard]] std::shared_ptr<const RouteTable> build(const runtime::Release& release);

 private:
  /// Who claims what, of a set without conflicts.
  struct Claims {
    runtime::GenerationSet set;
    std::unordered_set<std::string> taken;
    std::unordered_map<std::uint64_t, std::vector<std::string>> by_generation;  // by its number
  };

  bool claim(const runtime::GenerationSet& generations);
  [[nodiscard]] std::shared_ptr<const RouteTable> change_last(const runtime::Release& release) const;
  [[nodiscard]] std::vector<RoutePtr> routes_of(const runtime::Generation& generation) const;

  struct Registered {
    std::vector<RoutePtr> routes;
    std::vector<std::shared_ptr<void>> kept;
  };
  mutable std::mutex mutex_;
  std::unordered_map<const runtime::Generation*, Registered> registered_;  // guarded by mutex_
  Claims claims_;                                                          // guarded by mutex_
  std::weak_ptr<const RouteTable> last_;                                   // guarded by mutex_
};

}  // namespace mortise::http
