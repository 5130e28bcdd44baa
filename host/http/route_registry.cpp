#include "http/route_registry.hpp"

#include <algorithm>
#include <utility>

#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

bool is_method(std::string_view method) {
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  return !method.empty() && method.size() <= 32 && std::all_of(method.begin(), method.end(), is_upper);
}

bool is_same_path(const Route& a, const Route& b) {
  return std::equal(a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
                    [](const Segment& x, const Segment& y) { return x.matches_like(y); });
}

base::Result<std::shared_ptr<Route>> to_route(const mortise_http_route_v1& from) {
  if (!MORTISE_HAS(mortise_http_route_v1, &from, handle) || from.handle == nullptr) {
    return base::Error{base::ErrorCode::invalid_argument, "route without a handler, or of an unknown layout"};
  }
  auto route = std::make_shared<Route>();
  route->method = runtime::to_view(from.method);
  route->pattern = runtime::to_view(from.pattern);
  if (!is_method(route->method)) {
    return base::Error{base::ErrorCode::invalid_argument,
                       "route " + route->pattern + ": '" + route->method + "' is no method; write one like \"GET\""};
  }
  constexpr std::uint32_t kKnownFlags = MORTISE_HTTP_ROUTE_STREAM_BODY | MORTISE_HTTP_ROUTE_BLOCKING;
  if ((from.flags & ~kKnownFlags) != 0) {
    return base::Error{base::ErrorCode::invalid_argument, "route " + route->pattern + ": a flag of a newer host"};
  }
  auto segments = parse_pattern(route->pattern);
  if (!segments) return segments.error();
  route->segments = std::move(*segments);
  route->flags = from.flags;
  route->body_limit_bytes = from.body_limit_bytes;
  if (MORTISE_HAS(mortise_http_route_v1, &from, deadline_ms)) {
    route->deadline = std::chrono::milliseconds(from.deadline_ms);
  }
  route->handle = from.handle;
  route->self = from.self;
  return route;
}

}  // namespace

base::Result<void> RouteRegistry::add(const runtime::Generation& generation, const mortise_http_route_v1& route) {
  if (generation.state() != runtime::GenerationState::initialising) {
    return base::Error{base::ErrorCode::failed_precondition, "routes are registered during init only"};
  }
  auto made = to_route(route);
  if (!made) return made.error();
  const std::lock_guard lock(mutex_);
  auto& routes = registered_[&generation].routes;
  for (const auto& other : routes) {
    if (other->method == (*made)->method && is_same_path(*other, **made)) {
      return base::Error{
          base::ErrorCode::already_exists,
          other->method + " " + (*made)->pattern + " is registered already, as " + other->pattern + "; remove one"};
    }
  }
  routes.push_back(std::move(*made));
  return {};
}

void RouteRegistry::keep(const runtime::Generation& generation, std::shared_ptr<void> object) {
  const std::lock_guard lock(mutex_);
  registered_[&generation].kept.push_back(std::move(object));
}

void RouteRegistry::forget(const runtime::Generation& generation) {
  const std::lock_guard lock(mutex_);
  registered_.erase(&generation);
}

std::vector<RoutePtr> RouteRegistry::routes_of(const runtime::Generation& generation) const {
  const std::lock_guard lock(mutex_);
  const auto found = registered_.find(&generation);
  return found == registered_.end() ? std::vector<RoutePtr>() : found->second.routes;
}

std::vector<runtime::Service::Conflict> RouteRegistry::conflicts(
    std::span<const runtime::GenerationPtr> generations) const {
  std::vector<runtime::Service::Conflict> conflicts;
  RouteTable table;
  for (const auto& generation : generations) {
    auto cone = std::make_shared<const runtime::Cone>(runtime::Cone{.entry = generation});
    const auto clashes = table.add({.cone = std::move(cone), .routes = routes_of(*generation)});
    if (clashes.empty()) continue;
    const auto& first = clashes.front();
    conflicts.push_back({.culprit = generation, .message = first.message, .others = {first.owner}});
  }
  return conflicts;
}

std::shared_ptr<const RouteTable> RouteRegistry::build(const runtime::Release& release) const {
  auto table = std::make_shared<RouteTable>();
  for (const auto& cone : release.cones()) table->add({.cone = cone, .routes = routes_of(*cone->entry)});
  return table;
}

}  // namespace mortise::http
