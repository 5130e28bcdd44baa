/* mortise.sql/1: the plugin's own database, SQLite behind the host.
 *
 * A plugin that names this interface in its manifest has one database, which all its versions share and nobody else can
 * reach. Its schema is what the migrations make of it that the manifest carries; statements read and write rows. What
 * comes from outside goes into parameters, never into a statement's text.
 *
 * The dialect is SQLite's. Refused are ATTACH, DETACH, VACUUM, loading extensions, PRAGMAs that set something,
 * statements that begin or end transactions, temporary tables, tables whose names begin with "mortise_" (but for the
 * rows of mortise.kv/1's) and foreign keys to them, and, outside of migrations, any change of the schema or of
 * sqlite_sequence. A value may have 64 MiB, a statement 1 MiB.
 */
#ifndef MORTISE_ABI_SQL_H
#define MORTISE_ABI_SQL_H

#include <mortise/abi/host.h>
#include <mortise/abi/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MORTISE_SQL_V1 "mortise.sql/1"

/* What a value is. */
#define MORTISE_SQL_NULL 0u
#define MORTISE_SQL_INTEGER 1u
#define MORTISE_SQL_REAL 2u
#define MORTISE_SQL_TEXT 3u /* UTF-8 */
#define MORTISE_SQL_BLOB 4u

/* One parameter, or one column of a row; the member that its type names counts. A real that is no number is stored as
 * NULL. since 1.1 */
typedef struct mortise_sql_value {
  uint32_t type; /* MORTISE_SQL_* */
  uint32_t reserved;
  int64_t integer;
  double real;
  mortise_bytes bytes; /* of text and blob; borrowed for the call */
} mortise_sql_value;

/* Where the rows of a statement go. since 1.1 */
typedef struct mortise_sql_rows {
  uint32_t struct_size;
  uint32_t reserved;
  void* self;

  /* One row, from within run(), on its thread. The values are valid for the call. Another status than MORTISE_OK ends
   * the statement, and is what run() returns. Must not use the database. since 1.1 [any-thread] */
  mortise_status (*row)(void* self, const mortise_sql_value* values, uint32_t count);
} mortise_sql_rows;

/* What a statement has done. since 1.1 */
typedef struct mortise_sql_outcome {
  uint32_t struct_size;
  uint32_t reserved;
  int64_t changed_rows; /* inserted, updated or deleted by the statement itself */
  int64_t last_row_id;  /* of the last row that it has inserted; 0: none */
} mortise_sql_outcome;

/* The plugin's database. Owned by the host. since 1.1 */
typedef struct mortise_sql_database mortise_sql_database;

/* Statements that are seen by others all or not at all. Owned by who has begun it, until commit() or roll_back(); used
 * by that thread alone. Ends before its scope's deadline, or in a minute where there is none: one that writes for
 * longer is rolled back for whoever waits to write, and whatever is done in it fails with MORTISE_ABORTED. since 1.1 */
typedef struct mortise_sql_transaction mortise_sql_transaction;

/* In begin(): only reads, all of them of the database as it was at the first. Others write meanwhile. since 1.1 */
#define MORTISE_SQL_READ_ONLY 1u

/* Every function may wait for the disk. Statements of many threads read at the same time, and write one after the
 * other; who waits for that, or computes, longer than its scope's deadline gets MORTISE_DEADLINE_EXCEEDED.
 *
 * MORTISE_INVALID_ARGUMENT: the statement is none, or its parameters do not fit. MORTISE_PERMISSION_DENIED: it is
 * refused. MORTISE_OUT_OF_RANGE, MORTISE_RESOURCE_EXHAUSTED: it is about more than may be. MORTISE_ALREADY_EXISTS: a
 * row with that key is there. MORTISE_FAILED_PRECONDITION: another constraint is broken. MORTISE_UNAVAILABLE: the
 * database is locked or cannot be read, or the disk is full. MORTISE_ABORTED: the transaction is over already.
 * MORTISE_DATA_LOSS: the database is damaged. A statement that fails has changed nothing. since 1.1 */
typedef struct mortise_sql_v1 {
  uint32_t struct_size;
  uint32_t reserved;

  /* The plugin's database, with all migrations of its manifest; valid until destroy returns.
   * MORTISE_FAILED_PRECONDITION when the manifest does not name the interface. since 1.1 [any-thread] */
  mortise_status (*open)(mortise_host* host, mortise_sql_database** database, mortise_error* error);

  /* Runs one statement, with a value for each of its parameters "?", in `transaction`, or by itself when that is NULL.
   * `rows` and `outcome` may be NULL. The host keeps statements that it has parsed: pass what varies as parameters.
   * since 1.1 [any-thread] */
  mortise_status (*run)(mortise_sql_database* database, mortise_sql_transaction* transaction, mortise_str statement,
                        const mortise_sql_value* parameters, uint32_t parameter_count, const mortise_sql_rows* rows,
                        mortise_sql_outcome* outcome, mortise_error* error);

  /* Begins a transaction: others read what was before it, and wait to write. `flags` are MORTISE_SQL_*; one that the
   * host does not know is refused. since 1.1 [any-thread] */
  mortise_status (*begin)(mortise_sql_database* database, uint32_t flags, mortise_sql_transaction** transaction,
                          mortise_error* error);

  /* Ends it, whatever it returns, but for MORTISE_FAILED_PRECONDITION within row(), where no transaction ends. OK: it
   * is on the disk. since 1.1 [any-thread] */
  mortise_status (*commit)(mortise_sql_transaction* transaction, mortise_error* error);

  /* Ends it as if it had never been. since 1.1 [any-thread] */
  void (*roll_back)(mortise_sql_transaction* transaction);
} mortise_sql_v1;

#ifdef __cplusplus
}
#endif

#endif /* MORTISE_ABI_SQL_H */
