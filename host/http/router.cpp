#include "http/router.hpp"

#include <algorithm>
#include <unordered_map>

#include "http/percent.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

using runtime::to_abi;
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

struct RouteTable::Entry {
  RoutePtr route;
  std::size_t source = 0;
};

struct RouteTable::Node {
  std::unordered_map<std::string, std::unique_ptr<Node>, TextHash, std::equal_to<>> literals;
  std::unique_ptr<Node> param;
  std::unique_ptr<Node> rest;
  std::vector<Entry> entries;
  std::string allow;

  void add(Entry entry) {
    entries.push_back(std::move(entry));
    const auto has = [&](std::string_view method) {
      return std::any_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.route->method == method; });
    };
    allow.clear();
    for (const auto& e : entries) allow += e.route->method + ", ";
    if (has("GET") && !has("HEAD")) allow += "HEAD, ";
    allow += has("OPTIONS") ? "" : "OPTIONS, ";
    allow.resize(allow.size() - 2);
  }
};

RouteTable::RouteTable() : root_(std::make_unique<Node>()) {}
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
    for (const auto& entry : node->entries) {
      if (entry.route->method != route->method) continue;
      const auto& owner = sources_[entry.source].cone->entry;
      clashes.push_back({owner, "plugin '" + source.cone->entry->name() + "': " + route->method + " " + route->pattern +
                                    " is already served by plugin '" + owner->name() + "' (as " + entry.route->pattern +
                                    "); disable one of the two, or change its routes"});
    }
  }
  if (!clashes.empty()) return clashes;
  for (const auto& route : source.routes) {
    descend(*root_, route->segments).add({route, sources_.size()});
  }
  sources_.push_back(source);
  return {};
}

const RouteTable::Entry* RouteTable::entry_for(const Node& node, std::string_view method) {
  const auto find = [&](std::string_view wanted) -> const Entry* {
    for (const auto& entry : node.entries) {
      if (entry.route->method == wanted) return &entry;
    }
    return nullptr;
  };
  const auto* entry = find(method);
  return entry == nullptr && method == "HEAD" ? find("GET") : entry;
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
    segments[count++] = to_abi(segment);
    start = end + 1;
  }
  return true;
}

const RouteTable::Node* RouteTable::walk(const Node& node, const mortise_str* segment, const mortise_str* end,
                                         mortise_str* values, std::size_t depth) {
  if (segment == end) return node.entries.empty() ? nullptr : &node;
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
  const auto* entry = entry_for(*node, method);
  if (entry == nullptr) return {.kind = Match::Kind::method_not_allowed, .allow = node->allow};
  for (const auto& segment : entry->route->segments) {
    if (segment.kind == Segment::Kind::literal) continue;
    const auto& value = values[params.count_];
    params.fields_[params.count_++] = {to_abi(segment.text), value};
  }
  return {.kind = Match::Kind::found, .route = entry->route.get(), .source = entry->source, .allow = node->allow};
}

}  // namespace mortise::http
