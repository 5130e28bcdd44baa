#include "kv/statements.hpp"

#include <mortise/abi/kv.h>

#include "sql/now.hpp"

namespace mortise::kv {
namespace {

Statements make() {
  const std::string now = MORTISE_SQL_NOW_MS;
  const std::string is_there = "(expires_at IS NULL OR expires_at > " + now + ")";
  const std::string select = "SELECT key, value, version, expires_at FROM mortise_kv WHERE " + is_there;

  // How many of a scan fit is asked of their sizes, which SQLite has without reading any value; one by one only where
  // not all do. Of more than fit with the shortest keys and no values it is not asked.
  constexpr auto kMost = MORTISE_KV_MAX_SCAN_BYTES / (MORTISE_KV_SCAN_ENTRY_BYTES + 1) + 1;
  const std::string in_range = " AND key >= ?1 AND key < ?2 ORDER BY key LIMIT ";
  const std::string sizes = "(SELECT key, length(key) + length(value) + " +
                            std::to_string(MORTISE_KV_SCAN_ENTRY_BYTES) + " AS bytes FROM mortise_kv WHERE " +
                            is_there + in_range + "min(?3, " + std::to_string(kMost) + "))";
  const std::string fits = " <= " + std::to_string(MORTISE_KV_MAX_SCAN_BYTES);
  const std::string count =
      "iif((SELECT sum(bytes) FROM " + sizes + ")" + fits +
      ", ?3, (SELECT count(*) FROM (SELECT sum(bytes) OVER (ORDER BY key ROWS UNBOUNDED PRECEDING)"
      " AS together FROM " +
      sizes + ") WHERE together" + fits + "))";

  const std::string replace = "REPLACE INTO mortise_kv (key, expires_at, value) ";
  const std::string row = "?1, " + now + " + ?2, ?3";
  const std::string of_key = "EXISTS (SELECT 1 FROM mortise_kv WHERE key = ?1 AND " + is_there;
  const std::string remove = "DELETE FROM mortise_kv WHERE key = ? AND " + is_there;
  return {.get = select + " AND key = ?",
          .scan = select + in_range + count,
          .put = replace + "VALUES (" + row + ")",
          .put_if_absent = replace + "SELECT " + row + " WHERE NOT " + of_key + ")",
          .put_if_version = replace + "SELECT " + row + " WHERE " + of_key + " AND version = ?4)",
          .remove = remove,
          .remove_version = remove + " AND version = ?"};
}

}  // namespace

const Statements& statements() {
  static const Statements kAll = make();
  return kAll;
}

}  // namespace mortise::kv
