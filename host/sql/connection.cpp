#include "sql/connection.hpp"

#include <Poco/Data/SQLite/Utility.h>
#include <sqlite3.h>

#include <array>
#include <limits>
#include <new>
#include <thread>
#include <utility>
#include <vector>

#include "sql/errors.hpp"
#include "storage/sqlite.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMostKeptBytes = 4096;  // of the text of one: parsing a longer one is the least of it
constexpr std::size_t kMostKept = 256;        // statements; a plugin that makes more up puts values into their texts
constexpr int kInstructions = 2000;           // of SQLite's machine, between two looks at the clock: some 20 us
constexpr std::chrono::milliseconds kLookForLock{2};
// How long who has no deadline waits for a lock; another process has it, such as a backup.
constexpr std::chrono::seconds kLongestLock{10};

constexpr const char* kSettings = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;";

mortise_sql_value value_at(sqlite3_stmt* statement, int column) {
  mortise_sql_value value{};
  const auto bytes = [&](const void* data) {
    return mortise_bytes{static_cast<const std::uint8_t*>(data),
                         static_cast<std::uint64_t>(::sqlite3_column_bytes(statement, column))};
  };
  switch (::sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      value.type = MORTISE_SQL_INTEGER;
      value.integer = ::sqlite3_column_int64(statement, column);
      break;
    case SQLITE_FLOAT:
      value.type = MORTISE_SQL_REAL;
      value.real = ::sqlite3_column_double(statement, column);
      break;
    case SQLITE_TEXT:
      value.type = MORTISE_SQL_TEXT;
      value.bytes = bytes(::sqlite3_column_text(statement, column));
      break;
    case SQLITE_BLOB:
      value.type = MORTISE_SQL_BLOB;
      value.bytes = bytes(::sqlite3_column_blob(statement, column));
      break;
    default: value.type = MORTISE_SQL_NULL;
  }
  return value;
}

/// What is bound is the caller's until the statement is reset.
int bind_one(sqlite3_stmt* statement, int number, const mortise_sql_value& value) {
  if (value.bytes.data == nullptr && value.bytes.size > 0 && value.type >= MORTISE_SQL_TEXT) return SQLITE_MISMATCH;
  const auto* const data = value.bytes.data == nullptr ? reinterpret_cast<const std::uint8_t*>("") : value.bytes.data;
  switch (value.type) {
    case MORTISE_SQL_NULL: return ::sqlite3_bind_null(statement, number);
    case MORTISE_SQL_INTEGER: return ::sqlite3_bind_int64(statement, number, value.integer);
    case MORTISE_SQL_REAL: return ::sqlite3_bind_double(statement, number, value.real);
    case MORTISE_SQL_TEXT:
      return ::sqlite3_bind_text64(statement, number, reinterpret_cast<const char*>(data), value.bytes.size,
                                   SQLITE_STATIC, SQLITE_UTF8);
    case MORTISE_SQL_BLOB: return ::sqlite3_bind_blob64(statement, number, data, value.bytes.size, SQLITE_STATIC);
    default: return SQLITE_MISMATCH;
  }
}

}  // namespace

Caller Caller::this_thread() noexcept {
  static std::atomic<std::uint64_t> last{0};  // a count that orders nothing: relaxed
  thread_local const std::uint64_t kNumber = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return {.whose = nullptr, .thread = kNumber, .gone = nullptr};
}

void Connection::Finalize::operator()(sqlite3_stmt* statement) const noexcept { ::sqlite3_finalize(statement); }

base::Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Time deadline) {
  return storage::guarded([&]() -> base::Result<std::unique_ptr<Connection>> {
    std::unique_ptr<Connection> connection(new Connection(file));
    connection->deadline_ = deadline;
    const int set = ::sqlite3_exec(connection->handle_, kSettings, nullptr, nullptr, nullptr);
    if (set != SQLITE_OK) return error_of(connection->handle_);
    connection->deadline_ = Time::max();
    restrict_statements(connection->handle_, connection->author_);
    return connection;
  });
}

base::Result<std::unique_ptr<Connection>> Connection::open_to_read(const std::filesystem::path& file) {
  return storage::guarded([&]() -> base::Result<std::unique_ptr<Connection>> {
    std::unique_ptr<Connection> connection(new Connection(file));
    if (const auto set = connection->ask("PRAGMA query_only=ON"); !set) return set.error();
    // What has no authorizer runs nothing of what a plugin has put into its schema.
    ::sqlite3_db_config(connection->handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    return connection;
  });
}

Connection::Connection(const std::filesystem::path& file)
    : session_(std::make_unique<Poco::Data::Session>(storage::open_sqlite(file))),
      handle_(Poco::Data::SQLite::Utility::dbHandle(*session_)) {
  ::sqlite3_extended_result_codes(handle_, 1);
  ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0, nullptr);
  ::sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  ::sqlite3_busy_handler(handle_, &wait_for_lock, this);
  ::sqlite3_progress_handler(handle_, kInstructions, &check_deadline, this);
  // SQLite's own type of a row's number is as wide as ours, and another one.
  const auto note = [](void* self, int action, const char* database, const char* table, sqlite3_int64 row) {
    note_change(self, action, database, table, row);
  };
  ::sqlite3_update_hook(handle_, note, this);
}

/// Before the session, which could not close otherwise.
Connection::~Connection() {
  kept_.clear();
  own_kept_.clear();
  last_long_.reset();
}

/// Called for each row that any statement inserts, updates or deletes.
void Connection::note_change(void* self, int action, const char* /*database*/, const char* table,
                             std::int64_t /*row*/) {
  if (action != SQLITE_INSERT) return;
  for (std::size_t i = 0; i < kNewsTables.size(); ++i) {
    if (std::string_view(table) == kNewsTables[i]) static_cast<Connection*>(self)->news_.set(i);
  }
}

int Connection::check_deadline(void* self) {
  const auto& connection = *static_cast<Connection*>(self);
  const auto is_set = [](const std::atomic<bool>* flag) {
    return flag != nullptr && flag->load(std::memory_order_relaxed);
  };
  return is_set(connection.gone_) || is_set(connection.unwanted_) ||
                 std::chrono::steady_clock::now() >= connection.deadline_
             ? 1
             : 0;
}

int Connection::wait_for_lock(void* self, int attempts) {
  if (check_deadline(self) != 0 || attempts * kLookForLock >= kLongestLock) return 0;
  std::this_thread::sleep_for(kLookForLock);
  return 1;
}

/// Null: there is no statement in it.
base::Result<Connection::Statement> Connection::parse(std::string_view text, std::string_view* rest) {
  if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Error{ErrorCode::out_of_range, "the statement is too long"};
  }
  if (text.find('\0') != std::string_view::npos) {
    return Error{ErrorCode::invalid_argument, "the statement's text holds a zero byte"};
  }
  if (text.empty()) return Statement();
  sqlite3_stmt* parsed = nullptr;
  const char* end = nullptr;
  const int result = ::sqlite3_prepare_v3(handle_, text.data(), static_cast<int>(text.size()),
                                          SQLITE_PREPARE_PERSISTENT, &parsed, &end);
  if (result != SQLITE_OK) return error_of(handle_);
  *rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return Statement(parsed);
}

base::Result<sqlite3_stmt*> Connection::prepare(std::string_view text) {
  if (is_running_)
    return Error{ErrorCode::failed_precondition, "a statement still hands out its rows; let it end first"};
  auto& kept = author_ == Author::host ? own_kept_ : kept_;
  if (const auto found = kept.find(text); found != kept.end()) return found->second.get();
  std::string_view rest;
  auto parsed = parse(text, &rest);
  if (!parsed) return parsed.error();
  if (!*parsed) return Error{ErrorCode::invalid_argument, "the text holds no statement"};
  while (!rest.empty()) {  // comments may follow
    auto another = parse(rest, &rest);
    if (another && !*another) continue;
    return Error{ErrorCode::invalid_argument, "the text holds more than one statement; run them one by one"};
  }
  if (text.size() > kMostKeptBytes) {
    last_long_ = std::move(*parsed);
    return last_long_.get();
  }
  if (kept.size() >= kMostKept) kept.clear();
  return kept.emplace(std::string(text), std::move(*parsed)).first->second.get();
}

base::Result<void> Connection::bind(sqlite3_stmt* statement, Parameters parameters) {
  const auto wanted = static_cast<std::size_t>(::sqlite3_bind_parameter_count(statement));
  if (parameters.size() != wanted) {
    return Error{ErrorCode::invalid_argument, "the statement has " + std::to_string(wanted) +
                                                  " parameters, and was given " + std::to_string(parameters.size())};
  }
  for (std::size_t i = 0; i < wanted; ++i) {
    const int result = bind_one(statement, static_cast<int>(i) + 1, parameters[i]);
    if (result == SQLITE_MISMATCH) {
      return Error{ErrorCode::invalid_argument, "parameter " + std::to_string(i + 1) + " is of no type that there is"};
    }
    if (result != SQLITE_OK) return error_of(handle_);
  }
  return {};
}

base::Result<mortise_status> Connection::step_all(sqlite3_stmt* statement, const mortise_sql_rows* rows) {
  constexpr std::size_t kFew = 16;
  std::array<mortise_sql_value, kFew> few;
  std::vector<mortise_sql_value> many;
  for (;;) {
    const int result = ::sqlite3_step(statement);
    if (result == SQLITE_DONE) return mortise_status{MORTISE_OK};
    if (result != SQLITE_ROW) return error_of(handle_);
    if (rows == nullptr) continue;
    // Not before: a statement that was kept is parsed anew by its first step where the schema has changed.
    const auto columns = static_cast<std::size_t>(::sqlite3_column_count(statement));
    if (columns > kFew) many.resize(columns);
    auto* const values = columns > kFew ? many.data() : few.data();
    for (std::size_t i = 0; i < columns; ++i) values[i] = value_at(statement, static_cast<int>(i));
    const auto status = rows->row(rows->self, values, static_cast<std::uint32_t>(columns));
    if (status != MORTISE_OK) return status;
  }
}

/// Of one run: what it has bound and its deadline end with it.
class Connection::Running {
 public:
  Running(Connection& connection, sqlite3_stmt* statement, const Run& run)
      : connection_(connection), statement_(statement) {
    connection_.is_running_ = true;
    connection_.deadline_ = run.deadline;
    connection_.gone_ = run.caller.gone;
    connection_.unwanted_ = run.unwanted;
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
    connection_.deadline_ = Time::max();
    connection_.gone_ = nullptr;
    connection_.unwanted_ = nullptr;
    connection_.is_running_ = false;
  }

 private:
  Connection& connection_;
  sqlite3_stmt* statement_;
};

base::Result<mortise_status> Connection::run_once(sqlite3_stmt* statement, const Run& run) {
  const Running running(*this, statement, run);
  if (auto bound = bind(statement, run.parameters); !bound) return bound.error();
  ::sqlite3_set_last_insert_rowid(handle_, 0);  // of whoever had the connection before
  const auto changes = ::sqlite3_total_changes64(handle_);
  auto outcome = step_all(statement, run.rows);
  if (!outcome && outcome.error().code == ErrorCode::unavailable && check_deadline(this) != 0) {
    return Error{ErrorCode::deadline_exceeded, outcome.error().message + " until the deadline"};
  }
  if (outcome && run.outcome != nullptr) {
    const bool has_changed = ::sqlite3_total_changes64(handle_) != changes;
    run.outcome->changed_rows = has_changed ? ::sqlite3_changes64(handle_) : 0;
    run.outcome->last_row_id = ::sqlite3_last_insert_rowid(handle_);
  }
  return outcome;
}

base::Result<mortise_status> Connection::run(sqlite3_stmt* statement, const Run& run) {
  // One that writes has done all of it before its first row (of RETURNING); SQLite keeps that when the rows are
  // refused.
  if (run.rows == nullptr || ::sqlite3_stmt_readonly(statement) != 0) return run_once(statement, run);
  if (auto begun = ask("SAVEPOINT mortise_statement"); !begun) return begun.error();
  base::Result<mortise_status> outcome = mortise_status{MORTISE_OK};
  try {
    outcome = run_once(statement, run);
  } catch (const std::bad_alloc&) {
    outcome = Error{ErrorCode::resource_exhausted, "out of memory"};
  }
  if (outcome && *outcome == MORTISE_OK) {
    const auto kept = ask("RELEASE mortise_statement", {}, {}, run.deadline);
    if (kept) return outcome;
    outcome = kept.error();
  }
  if (is_in_transaction()) {  // else SQLite has rolled back all of it
    const auto undone = ask("ROLLBACK TO mortise_statement");
    const auto ended = undone ? ask("RELEASE mortise_statement") : undone;
    if (!ended) {
      static_cast<void>(ask("ROLLBACK"));  // of all, when the part cannot be undone
      return ended.error();
    }
  }
  return outcome;
}

/// What is parsed and run meanwhile is somebody else's than the plugin's.
class Connection::Speaking {
 public:
  Speaking(Connection& connection, Author author, Time deadline) : connection_(connection) {
    connection_.author_ = author;
    connection_.deadline_ = deadline;
  }
  Speaking(const Speaking&) = delete;
  Speaking& operator=(const Speaking&) = delete;
  ~Speaking() {
    connection_.author_ = Author::plugin;
    connection_.deadline_ = Time::max();
  }

 private:
  Connection& connection_;
};

base::Result<void> Connection::run_script(std::string_view text, Author author, Time deadline) {
  const Speaking speaking(*this, author, deadline);
  while (!text.empty()) {
    std::string_view rest;
    const auto statement = parse(text, &rest);
    if (!statement) return statement.error();
    if (*statement) {
      if (const auto stepped = step_all(statement->get(), nullptr); !stepped) return stepped.error();
    }
    text = rest;
  }
  return {};
}

base::Result<mortise_status> Connection::run_own(std::string_view text, const Run& run) {
  const Speaking speaking(*this, Author::host, run.deadline);
  const auto statement = prepare(text);
  if (!statement) return statement.error();
  return run_once(*statement, run);
}

base::Result<void> Connection::ask(std::string_view text, std::initializer_list<std::string_view> parameters,
                                   const TextRow& row, Time deadline) {
  const Speaking speaking(*this, Author::host, deadline);
  std::string_view rest;
  const auto statement = parse(text, &rest);
  if (!statement) return statement.error();
  int number = 0;
  for (const auto parameter : parameters) {
    ::sqlite3_bind_text64(statement->get(), ++number, parameter.data(), parameter.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  std::vector<std::string_view> columns(static_cast<std::size_t>(::sqlite3_column_count(statement->get())));
  int result = SQLITE_ROW;
  while ((result = ::sqlite3_step(statement->get())) == SQLITE_ROW) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const auto* const bytes = ::sqlite3_column_text(statement->get(), static_cast<int>(i));
      columns[i] = {reinterpret_cast<const char*>(bytes),
                    static_cast<std::size_t>(::sqlite3_column_bytes(statement->get(), static_cast<int>(i)))};
    }
    if (row) row(columns);
  }
  return result == SQLITE_DONE ? base::Result<void>() : base::Result<void>(error_of(handle_));
}

base::Result<bool> Connection::has_table(std::string_view name, Time deadline) {
  bool is_there = false;
  const auto looked = ask(
      "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", {name},
      [&](std::span<const std::string_view>) { is_there = true; }, deadline);
  if (!looked) return looked.error();
  return is_there;
}

void Connection::forget_pages() noexcept { ::sqlite3_db_release_memory(handle_); }

bool Connection::is_in_transaction() const { return ::sqlite3_get_autocommit(handle_) == 0; }

}  // namespace mortise::sql
