// How far the extension tables of a database have come, and bringing them to where this host wants them. Inside this
// folder.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "manifest/manifest.hpp"
#include "sql/connection.hpp"
#include "sql/extension_tables.hpp"

namespace mortise::sql {

/// One that is behind.
struct PendingTable {
  const ExtensionTable* table;
  std::size_t version;  // how many of its steps were run; 0: it is not there
};

/// Of those that the plugin is to have. An error where one is ahead: a newer host has had it.
base::Result<std::vector<PendingTable>> find_pending_tables(Connection& connection, const manifest::Manifest& manifest);

/// In the caller's transaction, which is to be rolled back where it fails.
base::Result<void> make_tables(Connection& connection, const std::vector<PendingTable>& pending,
                               const std::string& plugin, Time deadline);

}  // namespace mortise::sql
