// From method and path to a route: an immutable trie over the routes of a release. Invariant: a table holds the cone of
// every generation that it leads to, so whoever holds the table may take a hold on one, and call its handlers.
#pragma once

#include <mortise/abi/http.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/pattern.hpp"
#include "runtime/release.hpp"

namespace mortise::http {

/// One route of one generation. Immutable but for the atomic; owned by its generation's entry in the RouteRegistry
/// and by the tables that hold it.
struct Route {
  std::string method;
  std::string pattern;
  std::vector<Segment> segments;
  std::uint32_t flags = 0;
  std::uint64_t body_limit_bytes = 0;     // 0: the server's default
  std::chrono::milliseconds deadline{0};  // to the beginning of an answer; 0: the plugin's alone
  mortise_status (*handle)(void*, mortise_http_exchange*, const mortise_http_request_v1*, mortise_error*) = nullptr;
  void* self = nullptr;

  // How often the handler was seen to hold a loop. Many threads count, all may read; a plain count, orders nothing.
  mutable std::atomic<std::uint32_t> blocked_count{0};
};
using RoutePtr = std::shared_ptr<const Route>;

/// Parameters of one match: views into the path or into the decoded copy that lives here.
class Params {
 public:
  void clear() noexcept { count_ = 0; }
  [[nodiscard]] const mortise_http_field* data() const noexcept { return fields_.data(); }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }

 private:
  friend class RouteTable;
  std::array<mortise_http_field, kMaxParams> fields_;
  std::size_t count_ = 0;
  std::string decoded_;  // the path's segments, decoded; only used when the path holds a '%'
};

/// What a table says of a request.
struct Match {
  enum class Kind { found, not_found, method_not_allowed, bad_path } kind = Kind::not_found;
  const Route* route = nullptr;  // found
  std::size_t source = 0;        // found: the number of the generation's cone in the table
  std::string_view allow{};      // method_not_allowed, and for OPTIONS: "GET, HEAD, OPTIONS"
};

/// Immutable; any thread.
class RouteTable {
 public:
  /// A generation's cone and its routes; those of the eldest generation come first.
  struct Source {
    runtime::ConePtr cone;
    std::vector<RoutePtr> routes;
  };

  RouteTable();
  ~RouteTable();
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  /// A route that an earlier source has.
  struct Clash {
    runtime::GenerationPtr owner;
    std::string message;  // names both, and what to do
  };
  /// Adds what `source` serves, or nothing of it when there are clashes. For the builder alone, before the table is
  /// shared.
  std::vector<Clash> add(const Source& source);

  /// Finds the route for a request. Per segment a literal wins over a parameter, and that over the rest; a GET route
  /// answers HEAD when there is none for HEAD. `path` is as sent, without the query; percent-encoding is decoded after
  /// splitting at slashes. Bad is a path with a dot segment (behind an encoded slash too), an encoded NUL, a broken
  /// escape, or more than 64 segments.
  Match find(std::string_view method, std::string_view path, Params& params) const;

  /// The sources in the order in which they were added, as Match counts them.
  [[nodiscard]] const std::vector<Source>& sources() const noexcept { return sources_; }

 private:
  struct Node;
  struct Entry;
  static const Node* look_up(const Node& root, const std::vector<Segment>& segments);
  static Node& descend(Node& root, const std::vector<Segment>& segments);
  static const Entry* entry_for(const Node& node, std::string_view method);
  static bool split(std::string_view path, Params& params, mortise_str* segments, std::size_t& count);
  static const Node* walk(const Node& node, const mortise_str* segment, const mortise_str* end, mortise_str* values,
                          std::size_t depth);

  std::unique_ptr<Node> root_;
  std::vector<Source> sources_;
};

}  // namespace mortise::http
