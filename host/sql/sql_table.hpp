// The functions of mortise.sql/1. Inside this folder.
#pragma once

#include <mortise/abi/sql.h>

namespace mortise::sql {

const mortise_sql_v1& sql_table() noexcept;

}  // namespace mortise::sql
