// What a plugin's statements may do, as SQLite asks when it parses one. Inside this folder.
#pragma once

struct sqlite3;  // NOLINT(readability-identifier-naming): SQLite's name

namespace mortise::sql {

/// Whose statements they are.
enum class Author {
  plugin,     // rows
  migration,  // the schema, too
  host,       // whatever it likes
};

/// From here on `author`, which outlives the connection and may change, decides what its statements may do.
void restrict_statements(sqlite3* connection, const Author& author);

}  // namespace mortise::sql
