// SQLite's result codes as ours. Inside this folder.
#pragma once

#include <string>

#include "base/result.hpp"

struct sqlite3;  // NOLINT(readability-identifier-naming): SQLite's name

namespace mortise::sql {

/// Of the connection's last call, which has failed.
base::Error error_of(sqlite3* connection);

}  // namespace mortise::sql
