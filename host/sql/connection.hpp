// One connection to a plugin's database, with the statements that it has parsed. Inside this folder.
#pragma once

#include <mortise/abi/sql.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/result.hpp"
#include "sql/allowed_statements.hpp"
#include "sql/extension_tables.hpp"
#include "storage/session.hpp"

struct sqlite3;       // NOLINT(readability-identifier-naming): SQLite's names
struct sqlite3_stmt;  // NOLINT(readability-identifier-naming)

namespace mortise::sql {

using Time = std::chrono::steady_clock::time_point;
using Parameters = std::span<const mortise_sql_value>;

/// Who wants something of a database: one thread, of this process or of one that this speaks for.
struct Caller {
  static Caller this_thread() noexcept;
  bool operator==(const Caller& other) const noexcept { return whose == other.whose && thread == other.thread; }
  [[nodiscard]] bool has_gone() const noexcept { return gone != nullptr && gone->load(std::memory_order_relaxed); }

  const void* whose = nullptr;  // null: this process's
  std::uint64_t thread = 0;
  // Set when nobody waits any more for what it wants, which then ends early. A value on its own: relaxed. Null: never.
  const std::atomic<bool>* gone = nullptr;
};

/// What one run of a statement is to have.
struct Run {
  Parameters parameters{};
  const mortise_sql_rows* rows = nullptr;
  mortise_sql_outcome* outcome = nullptr;
  Time deadline = Time::max();
  Caller caller = Caller::this_thread();
  // Set when it is to end for who waits for it. A value on its own: relaxed. Null: never.
  const std::atomic<bool>* unwanted = nullptr;
};

/// One thread at a time.
class Connection {
 public:
  /// Creates the file where there is none.
  static base::Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Time deadline = Time::max());
  /// For the host to read with: has the file stay as it is. It must be there.
  static base::Result<std::unique_ptr<Connection>> open_to_read(const std::filesystem::path& file);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Parses it, unless that was done before. Valid until the next one is asked for; none is to be had while one runs.
  base::Result<sqlite3_stmt*> prepare(std::string_view text);
  /// A plugin's row() that refuses is no error: its status is what comes back, and nothing has changed.
  base::Result<mortise_status> run(sqlite3_stmt* statement, const Run& run);

  /// All statements of a text, one after the other, as their author may; nothing is kept of them.
  base::Result<void> run_script(std::string_view text, Author author, Time deadline = Time::max());
  /// One statement of the host's own, parsed once as the plugin's are, which get at it in no way.
  base::Result<mortise_status> run_own(std::string_view text, const Run& run);

  /// One statement of the host's own, with parameters and rows as text.
  using TextRow = std::function<void(std::span<const std::string_view> columns)>;
  base::Result<void> ask(std::string_view text, std::initializer_list<std::string_view> parameters = {},
                         const TextRow& row = {}, Time deadline = Time::max());

  /// Whether there is a table of that name.
  base::Result<bool> has_table(std::string_view name, Time deadline = Time::max());

  /// Whether a transaction is open: SQLite ends one by itself where it cannot go on.
  [[nodiscard]] bool is_in_transaction() const;
  /// Gives back the memory in which it keeps what it has read. No statement of it runs.
  void forget_pages() noexcept;
  /// What was inserted since the last call, also where that was rolled back.
  NewsSet take_news() noexcept { return std::exchange(news_, {}); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  class Running;
  class Speaking;

  explicit Connection(const std::filesystem::path& file);
  base::Result<Statement> parse(std::string_view text, std::string_view* rest);
  base::Result<void> bind(sqlite3_stmt* statement, Parameters parameters);
  base::Result<mortise_status> run_once(sqlite3_stmt* statement, const Run& run);
  base::Result<mortise_status> step_all(sqlite3_stmt* statement, const mortise_sql_rows* rows);
  static int check_deadline(void* self);
  static void note_change(void* self, int action, const char* database, const char* table, std::int64_t row);
  static int wait_for_lock(void* self, int attempts);

  std::unique_ptr<Poco::Data::Session> session_;
  sqlite3* handle_ = nullptr;  // the session's
  Author author_ = Author::plugin;
  Time deadline_ = Time::max();
  const std::atomic<bool>* gone_ = nullptr;      // of the caller that runs a statement
  const std::atomic<bool>* unwanted_ = nullptr;  // of what runs
  bool is_running_ = false;                      // a statement of the plugin's
  NewsSet news_;
  Statement last_long_;  // that is not kept for the next time
  using Kept = std::unordered_map<std::string, Statement, Hash, std::equal_to<>>;
  Kept kept_;
  Kept own_kept_;  // the host's, which may do what the plugin's may not
};

}  // namespace mortise::sql
