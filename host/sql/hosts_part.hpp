// What of a plugin's database is the host's: what of it migrations must leave alone without SQLite asking when it
// parses them. Inside this folder.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "sql/connection.hpp"

namespace mortise::sql {

/// As it is at one moment: all with names that begin as only the host's do.
struct HostsPart {
  std::set<std::pair<std::string, std::string>> objects;  // type and name
  std::map<std::string, std::int64_t> numbers;            // of tables that count their rows: the last that was given
};
base::Result<HostsPart> read_hosts_part(Connection& connection, Time deadline);

/// After migrations, in their transaction: an error says what all of them together have done wrong. `before` is how it
/// was.
base::Result<void> check_made(Connection& connection, const HostsPart& before, Time deadline);

}  // namespace mortise::sql
