#include "sql/migrations.hpp"

#include <charconv>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "base/sha256.hpp"
#include "sql/extension_versions.hpp"
#include "sql/hosts_part.hpp"
#include "sql/use_lock.hpp"
#include "telemetry/log.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using manifest::Migration;

constexpr const char* kTables =
    "CREATE TABLE IF NOT EXISTS mortise_running_versions (version TEXT PRIMARY KEY) WITHOUT ROWID; "
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

base::Result<AllApplied> read_applied(Connection& connection, Time deadline) {
  AllApplied all;
  const auto is_there = connection.has_table("mortise_migrations", deadline);
  if (!is_there) return is_there.error();
  if (!*is_there) return all;
  const auto read = connection.ask(
      "SELECT number, name, sha256, is_compatible, version FROM mortise_migrations", {},
      [&all](std::span<const std::string_view> columns) {
        std::uint32_t number = 0;
        std::from_chars(columns[0].data(), columns[0].data() + columns[0].size(), number);
        all[number] = {std::string(columns[1]), std::string(columns[2]), columns[3] != "0", std::string(columns[4])};
      },
      deadline);
  if (!read) return read.error();
  return all;
}

/// Whether this version ran when others' migrations did, and none of those was the plugin's since.
base::Result<bool> has_been_running(Connection& connection, const std::string& version, Time deadline) {
  auto is_there = connection.has_table("mortise_running_versions", deadline);
  if (!is_there || !*is_there) return is_there;
  bool is_known = false;
  const auto read = connection.ask(
      "SELECT 1 FROM mortise_running_versions WHERE version = ?1", {version},
      [&](std::span<const std::string_view>) { is_known = true; }, deadline);
  if (!read) return read.error();
  return is_known;
}

bool has_any_been_running(Connection& connection, Time deadline) {
  const auto is_there = connection.has_table("mortise_running_versions", deadline);
  bool has_any = false;
  if (!is_there || !*is_there) return has_any;
  const auto read = connection.ask(
      "SELECT 1 FROM mortise_running_versions LIMIT 1", {}, [&](std::span<const std::string_view>) { has_any = true; },
      deadline);
  return read && has_any;
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

/// Of a manifest, with the sum of its text.
struct Pending {
  const Migration* migration;
  std::string sha256;
};

/// What a database has been through, as far as it matters to one version.
struct Past {
  AllApplied applied;
  bool was_running = false;
};

base::Result<Past> read_past(Connection& connection, const manifest::Manifest& manifest, Time deadline) {
  auto applied = read_applied(connection, deadline);
  if (!applied) return applied.error();
  const auto was_running = has_been_running(connection, manifest.version.to_string(), deadline);
  if (!was_running) return was_running.error();
  return Past{.applied = std::move(*applied), .was_running = *was_running};
}

/// Those that have not run yet, in their order.
base::Result<std::vector<Pending>> find_migrations(const Past& past, const manifest::Manifest& manifest) {
  if (!past.was_running) {
    if (const auto fits = check_unknown(past.applied, manifest); !fits) return fits.error();
  }
  std::vector<Pending> pending;
  for (const auto& migration : manifest.migrations) {
    auto sha256 = sha256_of(migration.sql);
    const auto is_done = is_applied(past.applied, migration, sha256);
    if (!is_done) return is_done.error();
    if (!*is_done) pending.push_back({&migration, std::move(sha256)});
  }
  return pending;
}

/// What a plugin's version lacks yet.
struct AllPending {
  std::vector<PendingTable> tables;
  std::vector<Pending> migrations;
  bool is_to_settle = false;  // as in Migrated
  [[nodiscard]] bool is_empty() const noexcept { return tables.empty() && migrations.empty(); }
};

base::Result<AllPending> find_pending(Connection& connection, const manifest::Manifest& manifest, Time deadline) {
  auto tables = find_pending_tables(connection, manifest);
  if (!tables) return tables.error();
  const auto past = read_past(connection, manifest, deadline);
  if (!past) return past.error();
  auto migrations = find_migrations(*past, manifest);
  if (!migrations) return migrations.error();
  const bool knows_all = static_cast<bool>(check_unknown(past->applied, manifest));
  return AllPending{.tables = std::move(*tables),
                    .migrations = std::move(*migrations),
                    .is_to_settle = knows_all && has_any_been_running(connection, deadline)};
}

Error failure_of(const Migration& migration, const Error& error) {
  const bool is_late = error.code == ErrorCode::deadline_exceeded;
  return {error.code, title_of(migration.number, migration.name) + " failed: " + error.message +
                          "; the database is as it was before" +
                          (is_late ? ". Raise init_timeout_ms if it only takes longer" : "")};
}

base::Result<void> run_one(Connection& connection, const Pending& pending, const manifest::Manifest& manifest,
                           Time deadline) {
  const auto& migration = *pending.migration;
  if (const auto run = connection.run_script(migration.sql, Author::migration, deadline); !run) {
    return failure_of(migration, run.error());
  }
  return connection.ask(
      "INSERT INTO mortise_migrations VALUES (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
      {std::to_string(migration.number), migration.name, pending.sha256, migration.is_compatible ? "1" : "0",
       manifest.version.to_string()});
}

base::Result<void> run_all(Connection& connection, const std::vector<Pending>& pending,
                           const manifest::Manifest& manifest, const MigrationTerms& terms) {
  if (auto made = connection.run_script(kTables, Author::host, terms.deadline); !made) return made;
  const auto hosts = read_hosts_part(connection, terms.deadline);
  if (!hosts) return hosts.error();
  for (const auto& one : pending) {
    if (auto run = run_one(connection, one, manifest, terms.deadline); !run) return run;
  }
  for (const auto& version : terms.running_versions) {
    auto noted = connection.ask("INSERT OR IGNORE INTO mortise_running_versions VALUES (?1)", {version});
    if (!noted) return noted;
  }
  return check_made(connection, *hosts, terms.deadline);
}

}  // namespace

base::Result<Migrated> migrate(Database& database, const manifest::Manifest& manifest, const MigrationTerms& terms) {
  {
    // Mostly there is nothing to do, and nobody needs to be waited for.
    const auto look = database.begin(Database::Access::read, terms.deadline);
    if (!look) return look.error();
    const auto pending = find_pending((*look)->connection(), manifest, terms.deadline);
    if (!pending) return pending.error();
    if (pending->is_empty()) return Migrated{.is_to_settle = pending->is_to_settle};
  }
  const auto transaction = database.begin(Database::Access::migrate, terms.deadline);
  if (!transaction) return transaction.error();
  auto& connection = (*transaction)->connection();
  const auto pending = find_pending(connection, manifest, terms.deadline);
  if (!pending) return pending.error();
  // The host's first: migrations may write rows of them.
  if (const auto made = make_tables(connection, pending->tables, manifest.name, terms.deadline); !made) {
    return made.error();
  }
  const auto count = pending->migrations.size();
  if (count > 0) {
    if (const auto run = run_all(connection, pending->migrations, manifest, terms); !run) return run.error();
  }
  if (!terms.is_wanted()) return Error{ErrorCode::aborted, "its start was given up while its migrations ran"};
  if (const auto committed = (*transaction)->commit(); !committed) return committed.error();
  const Migrated done{.count = count,
                      .is_to_settle = pending->is_to_settle || (count > 0 && !terms.running_versions.empty())};
  if (count == 0) return done;
  telemetry::log(telemetry::Level::info, "sql", "database migrated",
                 {{"plugin", manifest.name}, {"migrations", std::to_string(count)}});
  return done;
}

base::Result<void> check_migrations(const std::filesystem::path& database, const manifest::Manifest& manifest,
                                    Time deadline) {
  std::error_code ignored;
  if (!std::filesystem::exists(database, ignored)) return {};
  const auto in_use = UseLock::share(database);
  if (!in_use) return {};  // it is just being replaced
  const auto connection = Connection::open_to_read(database);
  if (!connection) return {};
  const auto past = read_past(**connection, manifest, deadline);
  if (!past) return {};
  const auto pending = find_migrations(*past, manifest);
  return pending ? base::Result<void>() : base::Result<void>(pending.error());
}

bool settle_migrations(Database& database, Time deadline) {
  const auto transaction = database.begin(Database::Access::migrate, deadline);
  if (!transaction) return false;
  const auto done = (*transaction)->connection().ask("DELETE FROM mortise_running_versions", {}, {}, deadline);
  return done && (*transaction)->commit();
}

}  // namespace mortise::sql
