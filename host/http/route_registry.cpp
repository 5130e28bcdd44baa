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

/// The same of two routes that match the same requests, and of no others.
std::string claim_of(const Route& route) {
  auto text = route.method;
  for (const auto& segment : route.segments) {
    if (segment.kind == Segment::Kind::literal) {
      text += " =" + std::to_string(segment.text.size()) + ":" + segment.text;
    } else {
      text += segment.kind == Segment::Kind::param ? " {}" : " {...}";
    }
  }
  return text;
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

base::Result<void> RouteRegistry::add(const runtime::Generation& generation, const mortise_http_route_v1& route,
                                      std::string_view deadline_header) {
  if (generation.state() != runtime::GenerationState::initialising) {
    return base::Error{base::ErrorCode::failed_precondition, "routes are registered during init only"};
  }
  auto made = to_route(route);
  if (!made) return made.error();
  (*made)->deadline_header = deadline_header;
  const std::lock_guard lock(mutex_);
  auto& routes = registered_[&generation].routes;
  for (const auto& other : routes) {
    if (other->matches_like(**made)) {
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

std::vector<runtime::Service::Conflict> RouteRegistry::conflicts(const runtime::GenerationSet& generations) {
  if (claim(generations)) return {};
  std::vector<runtime::Service::Conflict> conflicts;
  RouteTable table;
  for (const auto& one : generations) {
    const auto generation = one.lock();
    auto cone = std::make_shared<const runtime::Cone>(runtime::Cone{.entry = generation});
    const auto clashes = table.add({.cone = std::move(cone), .routes = routes_of(*generation)});
    if (clashes.empty()) continue;
    const auto& first = clashes.front();
    conflicts.push_back({.culprit = generation, .message = first.message, .others = {first.owner}});
  }
  return conflicts;
}

/// False when two of them claim one route; then the next call begins anew.
bool RouteRegistry::claim(const runtime::GenerationSet& generations) {
  const std::lock_guard lock(mutex_);
  std::vector<const runtime::GenerationRef*> fresh;
  for_each_difference(claims_.set, generations, [&](const auto* before, const auto* after) {
    if (after != nullptr) fresh.push_back(after);
    if (before == nullptr) return;
    const auto gone = claims_.by_generation.extract(before->number);
    if (!gone) return;
    for (const auto& claim : gone.mapped()) claims_.taken.erase(claim);
  });
  claims_.set = generations;
  for (const auto* one : fresh) {
    const auto registered = registered_.find(one->generation);
    if (registered == registered_.end()) continue;
    auto& own = claims_.by_generation[one->number];
    for (const auto& route : registered->second.routes) {
      own.push_back(claim_of(*route));
      if (claims_.taken.insert(own.back()).second) continue;
      claims_ = {};
      return false;
    }
  }
  return true;
}

std::shared_ptr<const RouteTable> RouteRegistry::build(const runtime::Release& release) {
  auto table = change_last(release);
  if (!table) {
    auto made = std::make_shared<RouteTable>(release.cones());
    for (const auto& cone : release.cones()) made->add({.cone = cone, .routes = routes_of(*cone->entry)});
    table = std::move(made);
  }
  const std::lock_guard lock(mutex_);
  last_ = table;
  return table;
}

/// Null: there is none, or it differs in its routes.
std::shared_ptr<const RouteTable> RouteRegistry::change_last(const runtime::Release& release) const {
  std::shared_ptr<const RouteTable> last;
  {
    const std::lock_guard lock(mutex_);
    last = last_.lock();
  }
  if (!last) return nullptr;
  std::vector<RouteTable::Change> changes;
  for_each_difference(last->release(), release.cones(), [&](const auto* before, const auto* after) {
    auto& change = changes.emplace_back();
    if (before != nullptr) change.former = *before;
    if (after != nullptr) change.next = *after;
    if (before == nullptr) change.routes = routes_of(*change.next->entry);
  });
  return last->with(changes, release.cones());
}

}  // namespace mortise::http
