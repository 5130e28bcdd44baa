#include "http/router.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "http/percent.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

using runtime::to_view;

constexpr std::size_t kMaxSegments = 64;

struct TextHash {
  using is_transparent = void;  // NOLINT(readability-identifier-naming): the standard's name
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// Whether a decoded segment is, or holds behind encoded slashes, a dot segment: handlers may use it as a path.
bool has_dots(std::string_view segment) {
  for (std::size_t start = 0; start <= segment.size();) {
    const auto end = std::min(segment.find('/', start), segment.size());
    const auto part = segment.substr(start, end - start);
    if (part == "." || part == "..") return true;
    start = end + 1;
  }
  return false;
}

}  // namespace

bool Route::matches_like(const Route& other) const {
  return method == other.method &&
         std::equal(segments.begin(), segments.end(), other.segments.begin(), other.segments.end(),
                    [](const Segment& x, const Segment& y) { return x.matches_like(y); });
}

struct RouteTable::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::unique_ptr<Node> param;
  std::unique_ptr<Node> rest;
  std::vector<std::size_t> places;  // of the routes that end here, one for each method
  std::string allow;

  void add(std::size_t place, const base::PagedVector<Place>& all) {
    places.push_back(place);
    const auto method_of = [&](std::size_t one) -> const std::string& { return all[one].route->method; };
    const auto has = [&](std::string_view method) {
      return std::any_of(places.begin(), places.end(), [&](std::size_t one) { return method_of(one) == method; });
    };
    allow.clear();
    for (const auto one : places) allow += method_of(one) + ", ";
    if (has("GET") && !has("HEAD")) allow += "HEAD, ";
    allow += has("OPTIONS") ? "" : "OPTIONS, ";
    allow.resize(allow.size() - 2);
  }
};

RouteTable::RouteTable(runtime::ConeSet release) : release_(std::move(release)), root_(std::make_shared<Node>()) {}
RouteTable::RouteTable(const RouteTable& other) = default;
RouteTable::~RouteTable() = default;

const RouteTable::Node* RouteTable::look_up(const Node& root, const std::vector<Segment>& segments) {
  const Node* node = &root;
  for (const auto& segment : segments) {
    if (segment.kind == Segment::Kind::literal) {
      const auto literal = node->literals.find(segment.text);
      node = literal == node->literals.end() ? nullptr : literal->second.get();
    } else {
      node = segment.kind == Segment::Kind::param ? node->param.get() : node->rest.get();
    }
    if (node == nullptr) return nullptr;
  }
  return node;
}

RouteTable::Node& RouteTable::descend(Node& root, const std::vector<Segment>& segments) {
  Node* node = &root;
  for (const auto& segment : segments) {
    auto& next = segment.kind == Segment::Kind::literal ? node->literals[segment.text]
                 : segment.kind == Segment::Kind::param ? node->param
                                                        : node->rest;
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  return *node;
}

std::vector<RouteTable::Clash> RouteTable::add(const Source& source) {
  std::vector<Clash> clashes;
  for (const auto& route : source.routes) {
    const auto* node = look_up(*root_, route->segments);
    if (node == nullptr) continue;
    const auto* taken = find_exactly(*node, route->method);
    if (taken == nullptr) continue;
    const auto& owner = cones_[taken->source]->entry;
    clashes.push_back({owner, "plugin '" + source.cone->entry->name() + "': " + route->method + " " + route->pattern +
                                  " is already served by plugin '" + owner->name() + "' (as " + taken->route->pattern +
                                  "); disable one of the two, or change its routes"});
  }
  if (!clashes.empty()) return clashes;
  const Holding holding{.generation = source.cone->entry->number(),
                        .source = cones_.size(),
                        .first_place = places_.size(),
                        .count = source.routes.size()};
  for (const auto& route : source.routes) {
    places_.push_back({.route = route, .source = holding.source});
    descend(*root_, route->segments).add(places_.size() - 1, places_);
  }
  cones_.push_back(source.cone);
  holdings_.put(holding);
  return {};
}

std::optional<std::size_t> RouteTable::source_of(const runtime::Generation& generation) const {
  const auto holding = holdings_.find(generation.number());
  return holding == holdings_.end() ? std::nullopt : std::optional(holding->source);
}

/// Whether these routes match what those there do, one by one.
bool RouteTable::is_taken_by(const Holding& holding, const std::vector<RoutePtr>& routes) const {
  if (holding.count != routes.size()) return false;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    if (!places_[holding.first_place + i].route->matches_like(*routes[i])) return false;
  }
  return true;
}

std::shared_ptr<const RouteTable> RouteTable::with(const std::vector<Change>& changes, runtime::ConeSet release) const {
  const std::shared_ptr<RouteTable> table(new RouteTable(*this));
  table->release_ = std::move(release);
  // Who is gone, by plugin, until another one takes its places.
  std::unordered_map<std::string, Holding> gone;
  for (const auto& [former, next, routes] : changes) {
    if (!former) continue;
    const auto holding = holdings_.find(former->entry->number());
    if (holding == holdings_.end()) return nullptr;
    if (next) {
      table->cones_.set(holding->source, next);
    } else {
      table->holdings_.erase(holding->generation);
      gone.emplace(former->entry->name(), *holding);
    }
  }
  for (const auto& [former, next, routes] : changes) {
    if (former) continue;
    if (const auto heir = gone.find(next->entry->name()); heir != gone.end() && is_taken_by(heir->second, routes)) {
      table->put(next, routes, heir->second);
      gone.erase(heir);
      continue;
    }
    if (!routes.empty()) return nullptr;
    if (table->free_sources_.empty()) {
      table->free_sources_.push_back(table->cones_.size());
      table->cones_.push_back(nullptr);
    }
    const auto source = table->free_sources_.back();
    table->free_sources_.pop_back();
    table->put(next, routes, {.generation = 0, .source = source});
  }
  for (const auto& [plugin, holding] : gone) {
    if (holding.count > 0) return nullptr;
    table->cones_.set(holding.source, nullptr);
    table->free_sources_.push_back(holding.source);
  }
  return table;
}

void RouteTable::put(const runtime::ConePtr& cone, const std::vector<RoutePtr>& routes, Holding holding) {
  holding.generation = cone->entry->number();
  cones_.set(holding.source, cone);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    places_.set(holding.first_place + i, {.route = routes[i], .source = holding.source});
  }
  holdings_.put(holding);
}

const RouteTable::Place* RouteTable::find_exactly(const Node& node, std::string_view method) const {
  for (const auto place : node.places) {
    if (places_[place].route->method == method) return &places_[place];
  }
  return nullptr;
}

const RouteTable::Place* RouteTable::place_for(const Node& node, std::string_view method) const {
  const auto* place = find_exactly(node, method);
  return place == nullptr && method == "HEAD" ? find_exactly(node, "GET") : place;
}

/// Writes up to kMaxSegments segments.
bool RouteTable::split(std::string_view path, Params& params, mortise_str* segments, std::size_t& count) {
  if (path.empty() || path.front() != '/') return false;
  const bool is_encoded = path.find('%') != std::string_view::npos;
  // Reserved once, so that views of decoded segments stay valid while more are added.
  if (is_encoded) {
    params.decoded_.clear();
    params.decoded_.reserve(path.size());
  }
  count = 0;
  for (std::size_t start = 1; start <= path.size();) {
    const auto end = std::min(path.find('/', start), path.size());
    auto segment = path.substr(start, end - start);
    if (is_encoded) {
      if (count > 0) params.decoded_ += '/';
      const auto before = params.decoded_.size();
      if (!append_percent_decoded(segment, params.decoded_)) return false;
      segment = std::string_view(params.decoded_).substr(before);
      if (segment.find('\0') != std::string_view::npos) return false;
    }
    if (has_dots(segment) || count == kMaxSegments) return false;
    segments[count++] = runtime::to_abi(segment);
    start = end + 1;
  }
  return true;
}

const RouteTable::Node* RouteTable::walk(const Node& node, const mortise_str* segment, const mortise_str* end,
                                         mortise_str* values, std::size_t depth) {
  if (segment == end) return node.places.empty() ? nullptr : &node;
  if (const auto literal = node.literals.find(to_view(*segment)); literal != node.literals.end()) {
    if (const auto* found = walk(*literal->second, segment + 1, end, values, depth)) return found;
  }
  if (node.param && segment->size > 0) {
    values[depth] = *segment;
    if (const auto* found = walk(*node.param, segment + 1, end, values, depth + 1)) return found;
  }
  if (node.rest) {
    // From this segment's first byte to the last one's end: both lie in the same text, in order.
    const auto* const last = end - 1;
    values[depth] = {segment->data, static_cast<std::uint64_t>(last->data + last->size - segment->data)};
    return node.rest.get();
  }
  return nullptr;
}

Match RouteTable::find(std::string_view method, std::string_view path, Params& params) const {
  params.clear();
  // Not initialized: what is used of them is a few dozen bytes, all of them are more than a kilobyte.
  std::array<mortise_str, kMaxSegments> segments;  // NOLINT(cppcoreguidelines-pro-type-member-init): see above
  std::array<mortise_str, kMaxParams> values;      // NOLINT(cppcoreguidelines-pro-type-member-init): see above
  std::size_t count = 0;
  if (!split(path, params, segments.data(), count)) return {.kind = Match::Kind::bad_path};
  const auto* node = walk(*root_, segments.data(), segments.data() + count, values.data(), 0);
  if (node == nullptr) return {.kind = Match::Kind::not_found};
  const auto* place = place_for(*node, method);
  if (place == nullptr) return {.kind = Match::Kind::method_not_allowed, .allow = node->allow};
  for (const auto& segment : place->route->segments) {
    if (segment.kind == Segment::Kind::literal) continue;
    const auto& value = values[params.count_];
    params.fields_[params.count_++] = {runtime::to_abi(segment.text), value};
  }
  return {.kind = Match::Kind::found, .route = place->route.get(), .source = place->source, .allow = node->allow};
}

}  // namespace mortise::http
