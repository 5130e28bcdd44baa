#include "sql/migrations.hpp"

#include <charconv>
#include <map>
#include <string>

#include "base/sha256.hpp"
#include "telemetry/log.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using manifest::Migration;

constexpr const char* kTable =
    "CREATE TABLE IF NOT EXISTS mortise_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
    "sha256 TEXT NOT NULL, is_compatible INTEGER NOT NULL, version TEXT NOT NULL, applied_at TEXT NOT NULL)";

/// One that has run.
struct Applied {
  std::string name;
  std::string sha256;
  bool is_compatible = false;
  std::string version;  // of the plugin that brought it
};
using AllApplied = std::map<std::uint32_t, Applied>;

base::Result<AllApplied> read_applied(Connection& connection) {
  AllApplied all;
  const auto read = connection.ask(
      "SELECT number, name, sha256, is_compatible, version FROM mortise_migrations", {},
      [&all](std::span<const std::string_view> columns) {
        std::uint32_t number = 0;
        std::from_chars(columns[0].data(), columns[0].data() + columns[0].size(), number);
        all[number] = {std::string(columns[1]), std::string(columns[2]), columns[3] != "0", std::string(columns[4])};
      });
  if (!read) return read.error();
  return all;
}

std::string sha256_of(const std::string& text) {
  base::Sha256 sum;
  sum.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return sum.finish();
}

std::string title_of(std::uint32_t number, const std::string& name) {
  return "migration " + std::to_string(number) + " '" + name + "'";
}

/// Those that this version does not know.
base::Result<void> check_unknown(const AllApplied& applied, const manifest::Manifest& manifest) {
  std::map<std::uint32_t, const Migration*> known;
  for (const auto& migration : manifest.migrations) known[migration.number] = &migration;
  for (const auto& [number, one] : applied) {
    if (known.contains(number) || one.is_compatible) continue;
    return Error{ErrorCode::failed_precondition,
                 "its database has been through " + title_of(number, one.name) + ", which '" + manifest.name + "' " +
                     one.version + " brought and " + manifest.version.to_string() +
                     " does not know; run that version or a later one, or put back a backup from before"};
  }
  return {};
}

base::Result<bool> is_applied(const AllApplied& applied, const Migration& migration, const std::string& sha256) {
  const auto found = applied.find(migration.number);
  if (found == applied.end()) {
    if (applied.empty() || applied.rbegin()->first < migration.number) return false;
    return Error{ErrorCode::failed_precondition,
                 title_of(migration.number, migration.name) + " has not run, and number " +
                     std::to_string(applied.rbegin()->first) + " has; give it a higher number than that"};
  }
  if (found->second.sha256 == sha256) return true;
  return Error{ErrorCode::failed_precondition, title_of(migration.number, migration.name) +
                                                   " is not the one that has run (as '" + found->second.name +
                                                   "', in version " + found->second.version +
                                                   "); leave that as it was, and write what is to change as a new one"};
}

base::Result<void> apply(Connection& connection, const Migration& migration, const std::string& sha256,
                         const manifest::Manifest& manifest) {
  if (const auto run = connection.run_script(migration.sql, Author::migration); !run) {
    return Error{run.error().code, title_of(migration.number, migration.name) + " failed: " + run.error().message +
                                       "; the database is as it was before"};
  }
  return connection.ask(
      "INSERT INTO mortise_migrations VALUES (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
      {std::to_string(migration.number), migration.name, sha256, migration.is_compatible ? "1" : "0",
       manifest.version.to_string()});
}

}  // namespace

base::Result<void> migrate(Database& database, const manifest::Manifest& manifest) {
  auto transaction = database.begin(Database::Access::write, Time::max());
  if (!transaction) return transaction.error();
  auto& connection = (*transaction)->connection();
  if (const auto made = connection.ask(kTable); !made) return made.error();
  const auto applied = read_applied(connection);
  if (!applied) return applied.error();
  if (const auto fits = check_unknown(*applied, manifest); !fits) return fits.error();
  std::size_t count = 0;
  for (const auto& migration : manifest.migrations) {
    const auto sha256 = sha256_of(migration.sql);
    const auto is_done = is_applied(*applied, migration, sha256);
    if (!is_done) return is_done.error();
    if (*is_done) continue;
    if (const auto run = apply(connection, migration, sha256, manifest); !run) return run.error();
    ++count;
  }
  if (const auto committed = (*transaction)->commit(); !committed) return committed.error();
  if (count > 0) {
    telemetry::log(telemetry::Level::info, "sql", "database migrated",
                   {{"plugin", manifest.name}, {"migrations", std::to_string(count)}});
  }
  return {};
}

}  // namespace mortise::sql
