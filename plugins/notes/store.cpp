#include "store.hpp"

#include <sqlite3.h>

#include <mortise/error.hpp>

namespace notes {

/// One run of a kept statement: binds in order, steps, and resets it at the end.
class Store::Run {
 public:
  Run(Store& store, const Statement& statement) : store_(store), statement_(statement.get()) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  Run& bind(std::int64_t value) {
    sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Run& bind(const std::string& value) {
    sqlite3_bind_text64(statement_, ++bound_, value.data(), value.size(), nullptr, SQLITE_UTF8);
    return *this;
  }

  Run& bind(const std::optional<std::string>& value) {
    if (value) return bind(*value);
    sqlite3_bind_null(statement_, ++bound_);
    return *this;
  }

  /// True when there is a row.
  bool step() {
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE) store_.fail("use");
    return result == SQLITE_ROW;
  }

  [[nodiscard]] Note note() const {
    return {.id = sqlite3_column_int64(statement_, 0), .title = text(1), .text = text(2), .changed = text(3)};
  }

 private:
  [[nodiscard]] std::string text(int column) const {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return bytes == nullptr ? ""
                            : std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

  Store& store_;
  sqlite3_stmt* statement_;
  int bound_ = 0;
};

void Store::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close(database); }
void Store::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Store::Store(const std::string& file) {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open(file.c_str(), &opened);
  database_.reset(opened);
  if (result != SQLITE_OK) fail("open");
  sqlite3_busy_timeout(opened, 2000);
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = NORMAL");
  execute(
      "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, "
      "text TEXT NOT NULL, changed TEXT NOT NULL)");
  add_ = prepare(
      "INSERT INTO note (title, text, changed) VALUES (?, ?, strftime('%Y-%m-%dT%H:%M:%fZ')) "
      "RETURNING id, title, text, changed");
  find_ = prepare("SELECT id, title, text, changed FROM note WHERE id = ?");
  list_ = prepare("SELECT id, title, text, changed FROM note WHERE id > ? ORDER BY id LIMIT ?");
  change_ = prepare(
      "UPDATE note SET title = COALESCE(?, title), text = COALESCE(?, text), changed = strftime('%Y-%m-%dT%H:%M:%fZ') "
      "WHERE id = ? "
      "RETURNING id, title, text, changed");
  remove_ = prepare("DELETE FROM note WHERE id = ? RETURNING id");
}

Store::~Store() = default;

void Store::fail(const char* action) {
  const int code = sqlite3_errcode(database_.get());
  const bool is_passing = code == SQLITE_BUSY || code == SQLITE_FULL;
  throw mortise::Error(is_passing ? mortise::Status::unavailable : mortise::Status::internal,
                       std::string("cannot ") + action + " the notes database: " + sqlite3_errmsg(database_.get()));
}

Store::Statement Store::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK) {
    fail("prepare");
  }
  return Statement(statement);
}

void Store::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("set up");
}

Note Store::add(const std::string& title, const std::string& text) {
  const std::lock_guard lock(mutex_);
  Run run(*this, add_);
  run.bind(title).bind(text).step();
  return run.note();
}

std::optional<Note> Store::find(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  Run run(*this, find_);
  if (!run.bind(id).step()) return std::nullopt;
  return run.note();
}

std::vector<Note> Store::list(std::int64_t after, int limit) {
  const std::lock_guard lock(mutex_);
  Run run(*this, list_);
  run.bind(after).bind(limit);
  std::vector<Note> notes;
  while (run.step()) notes.push_back(run.note());
  return notes;
}

std::optional<Note> Store::change(std::int64_t id, const std::optional<std::string>& title,
                                  const std::optional<std::string>& text) {
  const std::lock_guard lock(mutex_);
  Run run(*this, change_);
  if (!run.bind(title).bind(text).bind(id).step()) return std::nullopt;
  return run.note();
}

bool Store::remove(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return Run(*this, remove_).bind(id).step();
}

}  // namespace notes
