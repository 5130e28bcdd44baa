#include "sql/errors.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "sql/extension_tables.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;

constexpr int kPrimary = 0xff;  // of an extended code

ErrorCode code_of(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_ROWID: return ErrorCode::already_exists;
    default: break;
  }
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

/// Without the folder, which is nobody's business but the host's: plugins pass messages on.
std::string name_of_file(sqlite3* connection) {
  const char* const file = ::sqlite3_db_filename(connection, "main");
  return file == nullptr ? std::string() : std::filesystem::path(file).filename().string();
}

/// What the system has said last of one of the connection's files: the database, or its log; 0: nothing.
int errno_of(sqlite3* connection, int which) {
  sqlite3_file* file = nullptr;
  ::sqlite3_file_control(connection, "main", which, static_cast<void*>(&file));
  if (file == nullptr || file->pMethods == nullptr) return 0;
  int number = 0;
  file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

/// Why a file could not grow, where it has no room to; empty: that is not it. SQLite has a code of its own for only one
/// of the reasons.
std::string find_fullness(sqlite3* connection, int extended) {
  if ((extended & kPrimary) == SQLITE_FULL) return ::sqlite3_errmsg(connection);
  if (extended != SQLITE_IOERR_WRITE && extended != SQLITE_IOERR_SHMSIZE) return {};
  for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
    const int number = errno_of(connection, which);
    if (number == ENOSPC || number == EDQUOT || number == EFBIG) return std::strerror(number);
  }
  return {};
}

/// Which of the host's tables a statement has missed, if that is what it has; null: it is not.
const ExtensionTable* find_missed(std::string_view message) {
  constexpr std::string_view kMissing = "no such table: ";
  if (!message.starts_with(kMissing)) return nullptr;
  message.remove_prefix(kMissing.size());
  message.remove_prefix(message.find('.') + 1);  // of the database: "main.mortise_kv"
  for (const auto& table : extension_tables()) {
    const std::string_view name = table.name;
    if (name.size() == message.size() &&
        ::sqlite3_strnicmp(name.data(), message.data(), static_cast<int>(name.size())) == 0)
      return &table;
  }
  return nullptr;
}

}  // namespace

base::Error error_of(sqlite3* connection) {
  const int extended = ::sqlite3_extended_errcode(connection);
  if (const auto why = find_fullness(connection, extended); !why.empty()) {
    return {ErrorCode::unavailable, "the disk is full: the database '" + name_of_file(connection) +
                                        "' has no room to grow (" + why + "); make room, and try again"};
  }
  const std::string message = ::sqlite3_errmsg(connection);
  if (const auto* const missed = find_missed(message)) {
    return {ErrorCode::failed_precondition,
            message + "; the host makes it where the manifest names " + missed->brought_by};
  }
  const auto code = code_of(extended);
  switch (code) {
    case ErrorCode::deadline_exceeded: return {code, "the statement was still running at the deadline"};
    case ErrorCode::permission_denied:
      return {code, std::string("the statement does what only the host may, or only a migration: ") + message};
    default: return {code, message};
  }
}

}  // namespace mortise::sql
