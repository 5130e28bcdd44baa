#include "sql/errors.hpp"

#include <sqlite3.h>

namespace mortise::sql {
namespace {

using base::ErrorCode;

ErrorCode code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID: return ErrorCode::already_exists;
    default: break;
  }
  constexpr int kPrimary = 0xff;
  switch (extended & kPrimary) {
    case SQLITE_ERROR:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_MISUSE: return ErrorCode::invalid_argument;
    case SQLITE_AUTH: return ErrorCode::permission_denied;
    case SQLITE_CONSTRAINT: return ErrorCode::failed_precondition;
    case SQLITE_NOMEM: return ErrorCode::resource_exhausted;
    case SQLITE_TOOBIG: return ErrorCode::out_of_range;
    case SQLITE_INTERRUPT: return ErrorCode::deadline_exceeded;
    case SQLITE_FULL:  // the disk, and no limit of the plugin's
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL: return ErrorCode::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ErrorCode::data_loss;
    default: return ErrorCode::internal;
  }
}

}  // namespace

base::Error error_of(sqlite3* connection) {
  const auto code = code_of(::sqlite3_extended_errcode(connection));
  switch (code) {
    case ErrorCode::deadline_exceeded: return {code, "the statement was still running at the deadline"};
    case ErrorCode::permission_denied:
      return {code, std::string("the statement does what only the host may, or only a migration: ") +
                        ::sqlite3_errmsg(connection)};
    default: return {code, ::sqlite3_errmsg(connection)};
  }
}

}  // namespace mortise::sql
