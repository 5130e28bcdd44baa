#include "sql/maintenance.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "sql/errors.hpp"
#include "sql/use_lock.hpp"

namespace mortise::sql {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr int kPatienceMs = 10000;  // with another process that has it locked

struct Close {
  void operator()(sqlite3* connection) const noexcept { ::sqlite3_close(connection); }
};
using Opened = std::unique_ptr<sqlite3, Close>;

Error about(const fs::path& file, const Error& error) {
  return {error.code, "'" + file.string() + "': " + error.message};
}

Error of_system(const std::string& what, const fs::path& file) {
  const int number = errno;
  return {number == EEXIST ? ErrorCode::already_exists : ErrorCode::unavailable,
          "cannot " + what + " '" + file.string() + "': " + std::strerror(number)};
}

fs::path with(const fs::path& file, const char* ending) { return file.string() + ending; }

bool is_there(const fs::path& file) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(file, ignored));
}

base::Result<Opened> open(const fs::path& file, int flags) {
  sqlite3* connection = nullptr;
  const int result = ::sqlite3_open_v2(file.c_str(), &connection, flags, nullptr);
  Opened opened(connection);
  if (result != SQLITE_OK) return about(file, error_of(connection));
  ::sqlite3_busy_timeout(connection, kPatienceMs);
  return opened;
}

base::Result<void> run(sqlite3* connection, const char* statements) {
  const int result = ::sqlite3_exec(connection, statements, nullptr, nullptr, nullptr);
  return result == SQLITE_OK ? base::Result<void>() : base::Result<void>(error_of(connection));
}

/// A new file for one copy, which goes with this unless it was put somewhere.
class Draft {
 public:
  explicit Draft(const fs::path& beside) : path_(beside.string() + "." + std::to_string(::getpid()) + ".part") {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { ::unlink(path_.c_str()); }

  base::Result<void> fill(const fs::path& source) {
    constexpr mode_t kOwnerOnly = 0600;
    ::unlink(path_.c_str());  // of a process that had this one's number
    const base::Descriptor made(::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
    if (!made.is_open()) return of_system("write", path_);
    give_to_owner_of_folder(made, path_);
    const auto from = open(source, SQLITE_OPEN_READONLY);
    if (!from) return from.error();
    const auto to = open(path_, SQLITE_OPEN_READWRITE);
    if (!to) return to.error();
    auto* const copy = ::sqlite3_backup_init(to->get(), "main", from->get(), "main");
    if (copy == nullptr) return about(path_, error_of(to->get()));
    // All in one step: one that is written to meanwhile would be begun anew again and again.
    const int copied = ::sqlite3_backup_step(copy, -1);
    const int finished = ::sqlite3_backup_finish(copy);
    if (copied == SQLITE_BUSY || copied == SQLITE_LOCKED) {  // which the end does not count as an error
      return about(source, {ErrorCode::unavailable, "another process has it locked"});
    }
    if (copied != SQLITE_DONE || finished != SQLITE_OK) return about(source, error_of(to->get()));
    // One file holds all of it, wherever it is read.
    const auto settled = run(to->get(), "PRAGMA journal_mode=DELETE");
    return settled ? settled : base::Result<void>(about(path_, settled.error()));
  }
  [[nodiscard]] const fs::path& path() const noexcept { return path_; }

 private:
  const fs::path path_;
};

/// Events that are published from here on are no others' that were published after the copy was made, though they get
/// the same numbers.
base::Result<void> renew_epoch(const fs::path& database) {
  const auto opened = open(database, SQLITE_OPEN_READWRITE);
  if (!opened) return opened.error();
  const bool has_outbox = ::sqlite3_table_column_metadata(opened->get(), nullptr, "mortise_outbox_epoch", nullptr,
                                                          nullptr, nullptr, nullptr, nullptr, nullptr) == SQLITE_OK;
  if (!has_outbox) return {};
  auto renewed = run(opened->get(), "UPDATE mortise_outbox_epoch SET epoch = random()");
  return renewed ? renewed : base::Result<void>(about(database, renewed.error()));
}

base::Result<void> settle_folder_of(const fs::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const base::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && ::fsync(opened.get()) == 0 ? base::Result<void>()
                                                        : base::Result<void>(of_system("write", folder));
}

/// What lies beside a database in use, and belongs to it alone.
constexpr std::array kBeside{"-wal", "-journal"};

/// Has the database's file hold all of it, where it can be read.
void settle(const fs::path& database) {
  const auto opened = open(database, SQLITE_OPEN_READWRITE);
  if (opened) static_cast<void>(run(opened->get(), "PRAGMA wal_checkpoint(TRUNCATE)"));
}

/// Gives what is there a second name, with what belongs to it.
base::Result<fs::path> keep_aside(const fs::path& database) {
  fs::path aside;
  for (unsigned i = 1; aside.empty() || is_there(aside); ++i) {
    aside = with(database, (".replaced-" + std::to_string(i)).c_str());
  }
  for (const auto* ending : kBeside) {
    const auto beside = with(database, ending);
    const auto kept = with(aside, ending);
    ::unlink(kept.c_str());  // of one that is not there any more
    if (is_there(beside) && ::link(beside.c_str(), kept.c_str()) != 0) return of_system("keep what is there as", kept);
  }
  if (::link(database.c_str(), aside.c_str()) != 0) return of_system("keep what is there as", aside);
  return aside;
}

/// The draft takes the database's place, whose former file has its second name already.
base::Result<void> replace(const fs::path& database, const fs::path& draft, const fs::path& aside) {
  // SQLite would take a log that is left for that of the new one.
  for (const auto* ending : {"-wal", "-journal", "-shm"}) ::unlink(with(database, ending).c_str());
  if (::rename(draft.c_str(), database.c_str()) == 0) {
    const auto settled = settle_folder_of(database);
    if (settled) return {};
    return Error{settled.error().code,
                 "it is replaced, but may not survive a loss of power: " + settled.error().message};
  }
  const auto error = of_system("replace", database);
  for (const auto* ending : kBeside) {
    [[maybe_unused]] const int ignored = ::link(with(aside, ending).c_str(), with(database, ending).c_str());
  }
  return error;
}

}  // namespace

fs::path database_directory(const fs::path& state_directory) { return state_directory / "sql"; }

fs::path database_file(const fs::path& directory, const std::string& plugin) {
  return directory / (plugin + ".sqlite");
}

base::Result<void> back_up(const fs::path& database, const fs::path& target) {
  const auto in_use = UseLock::share(database);
  if (!in_use) return in_use.error();
  if (is_there(target)) return Error{ErrorCode::already_exists, "'" + target.string() + "' is there already"};
  Draft draft(target);
  if (const auto filled = draft.fill(database); !filled) return filled.error();
  if (::link(draft.path().c_str(), target.c_str()) != 0) return of_system("write", target);
  return settle_folder_of(target);
}

base::Result<fs::path> restore(const fs::path& database, const fs::path& source) {
  const auto alone = UseLock::take(database);
  if (!alone) return alone.error();
  std::error_code ignored;
  if (fs::file_size(source, ignored) == 0) {  // which is a whole database to SQLite
    return Error{ErrorCode::data_loss, "'" + source.string() + "' holds no database: it is empty"};
  }
  Draft draft(database);
  const auto filled = draft.fill(source);
  const auto faults = filled ? check(draft.path()) : base::Result<std::vector<std::string>>(filled.error());
  if (!faults && faults.error().code != ErrorCode::data_loss) return faults.error();
  const auto fault = !faults ? faults.error().message : faults->empty() ? std::string() : faults->front();
  if (!fault.empty()) return Error{ErrorCode::data_loss, "'" + source.string() + "' is damaged: " + fault};
  if (const auto renewed = renew_epoch(draft.path()); !renewed) return renewed.error();
  fs::path aside;
  if (is_there(database)) {
    settle(database);
    auto kept = keep_aside(database);
    if (!kept) return kept.error();
    aside = std::move(*kept);
  }
  if (const auto replaced = replace(database, draft.path(), aside); !replaced) {
    const auto where = aside.empty() ? "" : "; what was there is also '" + aside.string() + "'";
    return Error{replaced.error().code, replaced.error().message + where};
  }
  return aside;
}

base::Result<std::vector<std::string>> check(const fs::path& database) {
  const auto opened = open(database, SQLITE_OPEN_READONLY);
  if (!opened) return opened.error();
  std::vector<std::string> faults;
  const auto ask = [&](const char* statement, auto to_fault) -> base::Result<void> {
    sqlite3_stmt* parsed = nullptr;
    int result = ::sqlite3_prepare_v2(opened->get(), statement, -1, &parsed, nullptr);
    if (result == SQLITE_OK) {
      while ((result = ::sqlite3_step(parsed)) == SQLITE_ROW) faults.push_back(to_fault(parsed));
      result = ::sqlite3_finalize(parsed);
    }
    if (result == SQLITE_OK) return {};
    const auto error = error_of(opened->get());
    if (error.code != ErrorCode::data_loss) return about(database, error);
    faults.push_back(error.message);
    return {};
  };
  const auto text = [](sqlite3_stmt* row, int column) {
    const auto* const found = ::sqlite3_column_text(row, column);
    return std::string(found == nullptr ? "?" : reinterpret_cast<const char*>(found));
  };
  const auto whole = ask("PRAGMA integrity_check(100)", [&](sqlite3_stmt* row) { return text(row, 0); });
  if (!whole) return whole.error();
  if (faults == std::vector<std::string>{"ok"}) faults.clear();
  if (!faults.empty()) return faults;
  const auto keys =
      ask("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check LIMIT 100", [&](sqlite3_stmt* row) {
        return "row " + text(row, 1) + " of table '" + text(row, 0) + "' refers to a row of '" + text(row, 2) +
               "' that is not there";
      });
  if (!keys) return keys.error();
  return faults;
}

}  // namespace mortise::sql
