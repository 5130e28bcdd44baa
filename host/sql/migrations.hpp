// The schema of a plugin's database: numbered scripts, each of which runs once.
#pragma once

#include <span>

#include "base/result.hpp"
#include "manifest/manifest.hpp"
#include "sql/database.hpp"

namespace mortise::sql {

/// Runs those of the manifest's migrations that have not run yet, in one transaction: when one fails, none has run. An
/// error, too, where the database has been through others: one whose text was another, one with a higher number that
/// this version does not know and that is not compatible with it.
base::Result<void> migrate(Database& database, const manifest::Manifest& manifest);

}  // namespace mortise::sql
