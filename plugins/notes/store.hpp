// Where notes are kept: the statements on the plugin's database. Its schema is in migrations/.
#pragma once

#include <cstdint>
#include <mortise/sql.hpp>
#include <optional>
#include <string>
#include <vector>

namespace notes {

/// A row of the table: its members are the columns that the statements name, in this order.
struct Note {
  std::int64_t id = 0;
  std::string title;
  std::string text;
  std::string changed;  // RFC 3339, UTC
};

/// On the database, or within a transaction of it. Throws mortise::Error when the database fails; nothing has changed
/// then.
class Store {
 public:
  explicit Store(mortise::SqlCalls& sql) : sql_(sql) {}

  Note add(const std::string& title, const std::string& text);
  std::optional<Note> find(std::int64_t id);
  /// Up to `limit` notes with an id above `after`, by id.
  std::vector<Note> list(std::int64_t after, int limit);
  /// Replaces what is given; nothing when there is no such note.
  std::optional<Note> change(std::int64_t id, const std::optional<std::string>& title,
                             const std::optional<std::string>& text);
  /// The note that was there.
  std::optional<Note> remove(std::int64_t id);

 private:
  mortise::SqlCalls& sql_;
};

}  // namespace notes
