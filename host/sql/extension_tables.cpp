#include "sql/extension_tables.hpp"

#include <mortise/abi/kv.h>

#include <algorithm>
#include <array>

namespace mortise::sql {
namespace {

// A put replaces its key's row, and AUTOINCREMENT gives the next one a number that was never there: that is the
// version. Each row that comes takes a few with it whose time is over, so that these never get more than they are; few,
// since their values may be large. The clock reads as in kv/store.cpp.
constexpr const char* kKv = R"(
  CREATE TABLE mortise_kv (
    version INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    value BLOB NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE INDEX mortise_kv_expires_at ON mortise_kv (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TRIGGER mortise_kv_sweep AFTER INSERT ON mortise_kv BEGIN
    DELETE FROM mortise_kv WHERE version IN (
      SELECT version FROM mortise_kv
      WHERE expires_at <= CAST(julianday('now') * 86400000 + 0.5 AS INTEGER) - 210866760000000
      ORDER BY expires_at LIMIT 4);
  END;
)";

constexpr std::array kExtensionTables{ExtensionTable{.interface = MORTISE_KV_V1, .name = "mortise_kv", .schema = kKv}};

}  // namespace

std::span<const ExtensionTable> extension_tables() noexcept { return kExtensionTables; }

bool asks_for(const ExtensionTable& table, const manifest::Manifest& manifest) {
  const auto& interfaces = manifest.interfaces;
  return std::find(interfaces.begin(), interfaces.end(), table.interface) != interfaces.end();
}

}  // namespace mortise::sql
