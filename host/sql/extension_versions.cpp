#include "sql/extension_versions.hpp"

#include <charconv>
#include <map>
#include <span>
#include <string_view>

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using Versions = std::map<std::string, std::size_t, std::less<>>;

constexpr const char* kVersions =
    "CREATE TABLE IF NOT EXISTS mortise_extensions (name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, "
    "WITHOUT ROWID";

base::Result<Versions> read_versions(Connection& connection) {
  Versions versions;
  const auto is_there = connection.has_table("mortise_extensions");
  if (!is_there) return is_there.error();
  if (!*is_there) return versions;
  const auto read = connection.ask("SELECT name, version FROM mortise_extensions", {},
                                   [&versions](std::span<const std::string_view> columns) {
                                     auto& version = versions[std::string(columns[0])];
                                     std::from_chars(columns[1].data(), columns[1].data() + columns[1].size(), version);
                                   });
  if (!read) return read.error();
  return versions;
}

std::string title_of(const ExtensionTable& table, const std::string& plugin) {
  return "the host's table '" + std::string(table.name) + "' in the database of '" + plugin + "'";
}

Error newer(const ExtensionTable& table, std::size_t version, const std::string& plugin) {
  return {ErrorCode::failed_precondition,
          title_of(table, plugin) + " has version " + std::to_string(version) + ", and this host knows none after " +
              std::to_string(table.steps.size()) +
              ": a newer one has had it; run that host or a later one, or put back a backup from before (`mortise db " +
              plugin + " restore FILE`)"};
}

Error failure_of(const PendingTable& pending, const std::string& plugin, const Error& error) {
  const bool is_late = error.code == ErrorCode::deadline_exceeded;
  const auto next = is_late ? std::string("raise init_timeout_ms if it only takes longer")
                            : "see what is there with `mortise db " + plugin + " shell`";
  return {error.code, title_of(*pending.table, plugin) + " cannot be brought from version " +
                          std::to_string(pending.version) + " to " + std::to_string(pending.table->steps.size()) +
                          ": " + error.message + "; the database is as it was before: " + next};
}

base::Result<void> make(Connection& connection, const PendingTable& pending, Time deadline) {
  const auto& table = *pending.table;
  for (const auto* step : table.steps.subspan(pending.version)) {
    if (auto made = connection.run_script(step, Author::host, deadline); !made) return made;
  }
  return connection.ask("REPLACE INTO mortise_extensions VALUES (?1, ?2)",
                        {table.name, std::to_string(table.steps.size())}, {}, deadline);
}

}  // namespace

base::Result<std::vector<PendingTable>> find_pending_tables(Connection& connection,
                                                            const manifest::Manifest& manifest) {
  const auto versions = read_versions(connection);
  if (!versions) return versions.error();
  std::vector<PendingTable> pending;
  for (const auto& table : extension_tables()) {
    if (!table.is_for(manifest)) continue;
    const auto found = versions->find(table.name);
    const auto version = found == versions->end() ? 0 : found->second;
    if (version > table.steps.size()) return newer(table, version, manifest.name);
    if (version < table.steps.size()) pending.push_back({.table = &table, .version = version});
  }
  return pending;
}

base::Result<void> make_tables(Connection& connection, const std::vector<PendingTable>& pending,
                               const std::string& plugin, Time deadline) {
  if (pending.empty()) return {};
  if (auto made = connection.run_script(kVersions, Author::host, deadline); !made) return made;
  for (const auto& one : pending) {
    if (const auto made = make(connection, one, deadline); !made) return failure_of(one, plugin, made.error());
  }
  return {};
}

}  // namespace mortise::sql
