// From method and path to a route: an immutable trie over the routes of a release. Invariant: a table holds the cone of
// every generation that it leads to, so whoever holds the table may take a hold on one, and call its handlers. The trie
// leads to places in the table, and tables share it where one plugin's routes have taken the places of another's.
#pragma once

#include <mortise/abi/http.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/paged_vector.hpp"
#include "base/persistent_set.hpp"
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
  std::string deadline_header{};          // in which a client says how long it waits, in ms; empty: none is heeded
  mortise_status (*handle)(void*, mortise_http_exchange*, const mortise_http_request_v1*, mortise_error*) = nullptr;
  void* self = nullptr;

  /// Whether both match the same requests.
  [[nodiscard]] bool matches_like(const Route& other) const;

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

  /// Without routes, of a release of these cones.
  explicit RouteTable(runtime::ConeSet release = {});
  ~RouteTable();
  RouteTable& operator=(const RouteTable&) = delete;

  /// A route that an earlier source has.
  struct Clash {
    runtime::GenerationPtr owner;
    std::string message;  // names both, and what to do
  };
  /// Adds what `source` serves, or nothing of it when there are clashes. For the builder alone, before the table is
  /// shared, and not of a table that was made from another one.
  std::vector<Clash> add(const Source& source);

  /// What is to be else in a table that is made from this one.
  struct Change {
    runtime::ConePtr former;         // null: its generation comes
    runtime::ConePtr next;           // null: its generation goes
    std::vector<RoutePtr> routes{};  // of `next`, unless the generation is the same
  };
  /// The table of `release`, which differs in this from the one of this table. Null: it has other routes, and a table
  /// is to be built for them.
  [[nodiscard]] std::shared_ptr<const RouteTable> with(const std::vector<Change>& changes,
                                                       runtime::ConeSet release) const;

  [[nodiscard]] const runtime::ConeSet& release() const noexcept { return release_; }

  /// Finds the route for a request. Per segment a literal wins over a parameter, and that over the rest; a GET route
  /// answers HEAD when there is none for HEAD. `path` is as sent, without the query; percent-encoding is decoded after
  /// splitting at slashes. Bad is a path with a dot segment (behind an encoded slash too), an encoded NUL, a broken
  /// escape, or more than 64 segments.
  Match find(std::string_view method, std::string_view path, Params& params) const;

  /// As Match counts them; null: there is none any more.
  [[nodiscard]] const base::PagedVector<runtime::ConePtr>& cones() const noexcept { return cones_; }
  /// The number of a generation's cone, as in Match.
  [[nodiscard]] std::optional<std::size_t> source_of(const runtime::Generation& generation) const;

 private:
  struct Node;
  /// A route, and where it leads.
  struct Place {
    RoutePtr route;
    std::size_t source = 0;
  };
  /// What a generation has of the table.
  struct Holding {
    std::uint64_t generation = 0;
    std::size_t source = 0;
    std::size_t first_place = 0;
    std::size_t count = 0;  // of places
    bool operator==(const Holding&) const = default;
  };
  struct NumberOfHolder {
    std::uint64_t operator()(const Holding& holding) const noexcept { return holding.generation; }
  };

  RouteTable(const RouteTable& other);
  void put(const runtime::ConePtr& cone, const std::vector<RoutePtr>& routes, Holding holding);
  [[nodiscard]] bool is_taken_by(const Holding& holding, const std::vector<RoutePtr>& routes) const;

  static const Node* look_up(const Node& root, const std::vector<Segment>& segments);
  static Node& descend(Node& root, const std::vector<Segment>& segments);
  [[nodiscard]] const Place* find_exactly(const Node& node, std::string_view method) const;
  [[nodiscard]] const Place* place_for(const Node& node, std::string_view method) const;
  static bool split(std::string_view path, Params& params, mortise_str* segments, std::size_t& count);
  static const Node* walk(const Node& node, const mortise_str* segment, const mortise_str* end, mortise_str* values,
                          std::size_t depth);

  runtime::ConeSet release_;
  std::shared_ptr<Node> root_;  // changed by add() alone
  base::PagedVector<Place> places_;
  base::PagedVector<runtime::ConePtr> cones_;
  std::vector<std::size_t> free_sources_;  // where cones_ has none
  base::PersistentSet<Holding, NumberOfHolder> holdings_;
};

}  // namespace mortise::http
