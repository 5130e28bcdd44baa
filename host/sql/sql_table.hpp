// The functions of mortise.sql/1, and what is asked of their arguments wherever the plugin runs.
#pragma once

#include <mortise/abi/sql.h>

#include <cstdint>

#include "base/result.hpp"
#include "sql/database.hpp"

namespace mortise::sql {

/// In the process that has the databases.
const mortise_sql_v1& sql_table() noexcept;

/// What a plugin has begun in this process; null for null.
Database::Transaction* from_abi(mortise_sql_transaction* transaction) noexcept;

/// Whether the arguments of `run` are as large as they must be, and there.
bool are_whole(const mortise_sql_rows* rows, const mortise_sql_outcome* outcome, const mortise_sql_value* parameters,
               std::uint32_t parameter_count) noexcept;
/// Whether the host knows the flags of `begin`.
base::Result<void> check_flags(std::uint32_t flags);

inline constexpr const char* kNoDatabase =
    "the plugin has no database: name \"mortise.sql/1\" in the manifest's \"interfaces\", or, to submit durable tasks, "
    "their handlers in its \"durable_tasks\"";
inline constexpr const char* kStillRunning =
    "a statement of the transaction still hands out its rows; let it end first";

}  // namespace mortise::sql
