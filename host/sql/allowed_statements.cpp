#include "sql/allowed_statements.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "sql/extension_tables.hpp"

namespace mortise::sql {
namespace {

/// What the host keeps beside the plugin's own tables.
bool is_hosts(const char* table) {
  constexpr std::string_view kPrefix = "mortise_";
  return table != nullptr && ::sqlite3_strnicmp(table, kPrefix.data(), static_cast<int>(kPrefix.size())) == 0;
}

bool is_one_of(std::span<const char* const> names, const char* name) {
  return name != nullptr &&
         std::any_of(names.begin(), names.end(), [&](const char* one) { return ::sqlite3_stricmp(one, name) == 0; });
}

/// Of those, whose rows the plugin may do this with, too. `within` names the innermost trigger, view or common table
/// expression that asks. The last has whatever name a plugin likes, so that none lets anybody read; but what deletes
/// within something is a trigger, and migrations make none with a name of the host's.
bool is_shared(const char* table, int action, const char* column, const char* within) {
  const auto tables = extension_tables();
  return std::any_of(tables.begin(), tables.end(), [&](const ExtensionTable& one) {
    if (::sqlite3_stricmp(one.name, table) != 0) return false;
    switch (one.rows) {
      case RowsFor::everything: return true;
      case RowsFor::all_but_updates: return action != SQLITE_UPDATE;
      case RowsFor::inserting: break;
    }
    switch (action) {
      case SQLITE_READ: return is_one_of(one.open_columns, column);
      case SQLITE_DELETE: return one.sweep != nullptr && within != nullptr && std::string_view(one.sweep) == within;
      default: return action == SQLITE_INSERT;
    }
  });
}

/// Those that only tell; without an argument the others do, too.
bool may_ask(const char* pragma, bool has_argument) {
  static constexpr std::array kTelling{"table_info",       "table_xinfo",       "table_list",
                                       "index_list",       "index_info",        "index_xinfo",
                                       "foreign_key_list", "foreign_key_check", "compile_options"};
  // FTS5 asks for the last two of its own accord.
  static constexpr std::array kTellingOrSetting{"user_version", "application_id", "foreign_keys", "data_version",
                                                "page_size"};
  return is_one_of(kTelling, pragma) || (!has_argument && is_one_of(kTellingOrSetting, pragma));
}

bool changes_schema(int action) {
  switch (action) {
    case SQLITE_CREATE_INDEX:
    case SQLITE_CREATE_TABLE:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_CREATE_VIEW:
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_INDEX:
    case SQLITE_DROP_TABLE:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_DROP_VIEW:
    case SQLITE_DROP_VTABLE:
    case SQLITE_ALTER_TABLE: return true;
    default: return false;
  }
}

/// What is temporary belongs to one connection, of which a plugin has several by turns, and hides what has the same
/// name.
bool changes_temporary_schema(int action) {
  switch (action) {
    case SQLITE_CREATE_TEMP_INDEX:
    case SQLITE_CREATE_TEMP_TABLE:
    case SQLITE_CREATE_TEMP_TRIGGER:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_INDEX:
    case SQLITE_DROP_TEMP_TABLE:
    case SQLITE_DROP_TEMP_TRIGGER:
    case SQLITE_DROP_TEMP_VIEW: return true;
    default: return false;
  }
}

/// What runs code, or tells where it lies.
constexpr std::array kUnsafeFunctions{"load_extension", "fts3_tokenizer"};

bool is_allowed(Author author, int action, const char* first, const char* second, const char* database,
                const char* within) {
  switch (action) {
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT: return false;
    case SQLITE_PRAGMA: return may_ask(first, second != nullptr);
    case SQLITE_FUNCTION: return !is_one_of(kUnsafeFunctions, second);
    case SQLITE_CREATE_VTABLE:
    case SQLITE_DROP_VTABLE:
      if (database != nullptr && std::string_view(database) == "temp") return false;
      break;
    // SQLite's own tables it guards itself, and writes them where virtual tables are made: but not that of the numbers
    // which rows were given, where what a plugin wrote would have some given again. Migrations write it as they drop a
    // table; what has become of the host's is looked at after them.
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
      if (author == Author::plugin && ::sqlite3_stricmp(first, "sqlite_sequence") == 0) return false;
      [[fallthrough]];
    case SQLITE_READ: return !is_hosts(first) || is_shared(first, action, second, within);
    default: break;
  }
  if (changes_temporary_schema(action)) return false;
  if (!changes_schema(action)) return true;
  // Of an ALTER the table is the second, of an index and a trigger as well.
  return author == Author::migration && !is_hosts(first) && !is_hosts(second);
}

int authorize(void* author, int action, const char* first, const char* second, const char* database,
              const char* within) {
  const auto who = *static_cast<const Author*>(author);
  const bool may = who == Author::host || is_allowed(who, action, first, second, database, within);
  return may ? SQLITE_OK : SQLITE_DENY;
}

}  // namespace

void restrict_statements(sqlite3* connection, const Author& author) {
  // One instruction of SQLite's machine cannot be interrupted: what it works on is bounded.
  constexpr int kMostValueBytes = 64 << 20;
  constexpr int kMostStatementBytes = 1 << 20;
  constexpr int kMostPatternBytes = 1000;
  ::sqlite3_limit(connection, SQLITE_LIMIT_LENGTH, kMostValueBytes);
  ::sqlite3_limit(connection, SQLITE_LIMIT_SQL_LENGTH, kMostStatementBytes);
  ::sqlite3_limit(connection, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, kMostPatternBytes);
  ::sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  // The schema stays trusted: else triggers could not fill indexes of texts (FTS5), and views not search them.
  ::sqlite3_set_authorizer(connection, &authorize, const_cast<Author*>(&author));
}

}  // namespace mortise::sql
