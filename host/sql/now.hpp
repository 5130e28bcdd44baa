// The time in statements and schemas.
#pragma once

/// In ms since the beginning of 1970: the wall clock of the process that has the database, which stands still while a
/// statement runs. A literal, so that the texts around it are constants.
#define MORTISE_SQL_NOW_MS "(CAST(julianday('now') * 86400000 + 0.5 AS INTEGER) - 210866760000000)"
