// The feed: what has happened, the eldest first. Its schema is in migrations/.
#pragma once

#include <cstdint>
#include <mortise/event.hpp>
#include <mortise/sql.hpp>
#include <optional>
#include <string>
#include <vector>

namespace activity {

/// A row of the table: its members are the columns that the statements name, in this order.
struct Entry {
  std::int64_t id = 0;
  std::string at;
  std::int64_t note = 0;
  std::string change;
  std::string title;
};

/// Any thread. Throws mortise::Error when the database fails; nothing has changed then.
class Feed {
 public:
  explicit Feed(const mortise::Sql& sql) : sql_(sql) {}

  /// Keeps it, and drops the eldest beyond a thousand; nothing where the event is there already: it may come twice.
  std::optional<Entry> add(const mortise::EventInfo& event, std::int64_t note, std::string_view change,
                           std::string_view title);
  /// Up to `limit` entries with an id above `after`, by id.
  std::vector<Entry> list(std::int64_t after, int limit);
  /// The id of the newest but `count`; 0: there are not so many.
  std::int64_t before_last(int count);

 private:
  mortise::Sql sql_;
};

}  // namespace activity
