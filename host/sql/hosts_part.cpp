#include "sql/hosts_part.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using Columns = std::span<const std::string_view>;

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

/// Nothing, where there is none.
using Fault = std::string;

/// A table that is renamed is asked for under its old name alone.
Fault find_stolen_name(const HostsPart& before, const HostsPart& after) {
  for (const auto& object : after.objects) {
    if (before.objects.contains(object)) continue;
    const auto& [type, name] = object;
    return "the " + type + " " + in_quotes(name) + " has a name that begins with \"mortise_\", as only the host's do";
  }
  return {};
}

/// SQLite writes its table of numbers itself where migrations drop or rename one that is theirs.
Fault find_lowered_number(const HostsPart& before, const HostsPart& after) {
  for (const auto& [table, number] : before.numbers) {
    const auto found = after.numbers.find(table);
    if (found != after.numbers.end() && found->second >= number) continue;
    return "the number of " + in_quotes(table) +
           " in sqlite_sequence is lower, so that its rows would be given the same " + "numbers again";
  }
  return {};
}

/// One would have the plugin's rows stop the host from removing its own.
base::Result<Fault> find_foreign_key(Connection& connection, Time deadline) {
  Fault fault;
  const auto looked = connection.ask(
      "SELECT one.name, parent.\"table\" FROM sqlite_schema AS one, pragma_foreign_key_list(one.name) AS parent "
      "WHERE one.type = 'table' AND parent.\"table\" LIKE 'mortise\\_%' ESCAPE '\\' LIMIT 1",
      {},
      [&fault](Columns columns) {
        fault = "table " + in_quotes(columns[0]) + " has a foreign key to " + in_quotes(columns[1]) +
                ", which is the host's; leave out the REFERENCES";
      },
      deadline);
  if (!looked) return looked.error();
  return fault;
}

base::Result<Fault> find_missing_parent(Connection& connection, Time deadline) {
  Fault fault;
  const auto looked = connection.ask(
      "SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 1", {},
      [&fault](Columns columns) {
        fault = "row " + std::string(columns[1]) + " of " + in_quotes(columns[0]) + " refers to a row of " +
                in_quotes(columns[2]) + " that is not there";
      },
      deadline);
  if (!looked) return looked.error();
  return fault;
}

base::Result<void> read_numbers(Connection& connection, HostsPart& part, Time deadline) {
  const auto is_there = connection.has_table("sqlite_sequence");
  if (!is_there) return is_there.error();
  if (!*is_there) return {};
  return connection.ask(
      "SELECT name, CAST(seq AS INTEGER) FROM sqlite_sequence WHERE name LIKE 'mortise\\_%' ESCAPE '\\'", {},
      [&part](Columns columns) {
        std::int64_t number = 0;
        std::from_chars(columns[1].data(), columns[1].data() + columns[1].size(), number);
        const auto [at, is_first] = part.numbers.emplace(columns[0], number);
        if (!is_first) at->second = std::min(at->second, number);  // nothing keeps it from being there twice
      },
      deadline);
}

}  // namespace

base::Result<HostsPart> read_hosts_part(Connection& connection, Time deadline) {
  HostsPart part;
  const auto read = connection.ask(
      "SELECT type, name FROM sqlite_schema WHERE name LIKE 'mortise\\_%' ESCAPE '\\'", {},
      [&part](Columns columns) { part.objects.emplace(columns[0], columns[1]); }, deadline);
  if (!read) return read.error();
  if (const auto numbers = read_numbers(connection, part, deadline); !numbers) return numbers.error();
  return part;
}

base::Result<void> check_made(Connection& connection, const HostsPart& before, Time deadline) {
  const auto after = read_hosts_part(connection, deadline);
  if (!after) return after.error();
  base::Result<Fault> fault = find_stolen_name(before, *after);
  if (fault && fault->empty()) fault = find_lowered_number(before, *after);
  if (fault && fault->empty()) fault = find_foreign_key(connection, deadline);
  if (fault && fault->empty()) fault = find_missing_parent(connection, deadline);
  if (!fault) return fault.error();
  if (fault->empty()) return {};
  return Error{ErrorCode::failed_precondition,
               "after its migrations, " + *fault + "; the database is as it was before"};
}

}  // namespace mortise::sql
