// The schema of a plugin's database: numbered scripts, each of which runs once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/manifest.hpp"
#include "sql/database.hpp"

namespace mortise::sql {

/// What a start is to have of its migrations.
struct MigrationTerms {
  Time deadline = Time::max();
  /// Of the plugin, that run meanwhile: they may start again, whatever the migrations are, until settle_migrations().
  std::vector<std::string> running_versions{};
  /// Asked last: whether anybody still waits for what has been done.
  std::function<bool()> is_wanted = [] { return true; };
};

/// What has come of them.
struct Migrated {
  std::size_t count = 0;  // of those that have run just now
  /// Versions that do not know all of what has run, now or at an earlier start, may still start: until
  /// settle_migrations(), which is due when this version is switched to.
  bool is_to_settle = false;
};

/// Runs those of the manifest's migrations that have not run yet, in one transaction: when one fails, none has run.
/// Before them the extension tables of its interfaces are brought to this host's versions of them, also when there is
/// nothing to run. An error, too, where a newer host has had those, and where the database has been through other
/// migrations: one whose text was another, one with a higher number that this version does not know and that is not
/// compatible with it. Foreign keys, and what of the database is the host's, are looked at when all have run, so that a
/// table may be made anew.
base::Result<Migrated> migrate(Database& database, const manifest::Manifest& manifest,
                               const MigrationTerms& terms = {});

/// What migrate() would refuse of a version for what the database has been through. Changes nothing, and makes no file
/// where there is none; what cannot be read until the deadline is left to migrate().
base::Result<void> check_migrations(const std::filesystem::path& database, const manifest::Manifest& manifest,
                                    Time deadline);

/// A version that knows them all is the plugin's now. False: the database was busy until the deadline, and it is due as
/// before.
bool settle_migrations(Database& database, Time deadline);

}  // namespace mortise::sql
