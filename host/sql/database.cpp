#include "sql/database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string>
#include <utility>

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kMostIdle = 16;  // connections; each has a cache of up to 2 MB
// For a look at every page; of a database that takes longer the rest is taken for whole.
constexpr std::chrono::seconds kCheckTime{2};
constexpr std::chrono::seconds kLongestTurn{30};  // for who has no deadline

Error damaged(const std::filesystem::path& file, const std::string& how) {
  return {ErrorCode::data_loss, "the database '" + file.string() + "' is damaged (" + how +
                                    "); put a backup in its place, or move it away to begin with an empty one"};
}

base::Result<void> check_whole(Connection& connection, const std::filesystem::path& file) {
  std::string found;
  const auto looked = connection.ask(
      "PRAGMA quick_check(1)", {}, [&](std::span<const std::string_view> columns) { found = columns[0]; },
      std::chrono::steady_clock::now() + kCheckTime);
  if (!looked && looked.error().code == ErrorCode::data_loss) return damaged(file, looked.error().message);
  if (!looked && looked.error().code != ErrorCode::deadline_exceeded) return looked.error();
  if (!found.empty() && found != "ok") return damaged(file, found);
  return {};
}

}  // namespace

base::Result<std::shared_ptr<Database>> Database::open(const std::filesystem::path& file) {
  auto first = Connection::open(file);
  if (!first) {
    if (first.error().code == ErrorCode::data_loss) return damaged(file, first.error().message);
    return Error{first.error().code, "cannot open the database '" + file.string() + "': " + first.error().message};
  }
  if (const auto whole = check_whole(**first, file); !whole) return whole.error();
  return std::make_shared<Database>(file, std::move(*first));
}

Database::Database(std::filesystem::path file, std::unique_ptr<Connection> first) : file_(std::move(file)) {
  idle_.push_back(std::move(first));
}

base::Result<std::unique_ptr<Connection>> Database::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection::open(file_);
}

void Database::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

base::Result<Database::Turn> Database::wait_for_turn(Time deadline) {
  const auto self = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  if (is_written_ && writer_ == self) {
    return Error{ErrorCode::failed_precondition,
                 "this thread has a transaction open; run the statement in it, or end it first"};
  }
  const auto longest = std::chrono::steady_clock::now() + kLongestTurn;
  if (!turn_is_free_.wait_until(lock, std::min(deadline, longest), [this] { return !is_written_; })) {
    if (deadline < longest) return Error{ErrorCode::deadline_exceeded, "another transaction wrote until the deadline"};
    return Error{ErrorCode::unavailable, "another transaction writes, and does not end"};
  }
  is_written_ = true;
  writer_ = self;
  return Turn(*this);
}

void Database::end_turn() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_written_ = false;
  }
  turn_is_free_.notify_one();
}

base::Result<mortise_status> Database::run(std::string_view text, const Run& run) {
  auto connection = take();
  if (!connection) return connection.error();
  auto outcome = run_on(**connection, text, run);
  give_back(std::move(*connection));
  return outcome;
}

base::Result<mortise_status> Database::run_on(Connection& connection, std::string_view text, const Run& run) {
  const auto statement = connection.prepare(text);
  if (!statement) return statement.error();
  std::optional<Turn> turn;
  if (::sqlite3_stmt_readonly(*statement) == 0) {
    auto waited = wait_for_turn(run.deadline);
    if (!waited) return waited.error();
    turn.emplace(std::move(*waited));
  }
  return connection.run(*statement, run);
}

base::Result<std::unique_ptr<Database::Transaction>> Database::begin(Access access, Time deadline) {
  std::optional<Turn> turn;
  if (access == Access::write) {
    auto waited = wait_for_turn(deadline);
    if (!waited) return waited.error();
    turn.emplace(std::move(*waited));
  }
  auto connection = take();
  if (!connection) return connection.error();
  const auto begun = (*connection)->ask(turn ? "BEGIN IMMEDIATE" : "BEGIN", {}, {}, deadline);
  auto transaction = std::make_unique<Transaction>(*this, std::move(*connection), std::move(turn));
  if (!begun) return begun.error();
  return transaction;
}

Database::Transaction::~Transaction() {
  if (connection_->is_in_transaction()) static_cast<void>(connection_->ask("ROLLBACK"));
  if (!connection_->is_in_transaction()) database_.give_back(std::move(connection_));
}

base::Result<mortise_status> Database::Transaction::run(std::string_view text, const Run& run) {
  if (!connection_->is_in_transaction()) {
    return Error{ErrorCode::failed_precondition, "the transaction has been rolled back after an earlier failure"};
  }
  const auto statement = connection_->prepare(text);
  if (!statement) return statement.error();
  if (!turn_ && ::sqlite3_stmt_readonly(*statement) == 0) {
    return Error{ErrorCode::failed_precondition, "the transaction only reads; begin one that writes"};
  }
  return connection_->run(*statement, run);
}

base::Result<void> Database::Transaction::commit() {
  if (!connection_->is_in_transaction()) {
    return Error{ErrorCode::aborted, "the transaction has been rolled back after an earlier failure"};
  }
  return connection_->ask("COMMIT");
}

}  // namespace mortise::sql
