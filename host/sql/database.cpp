#include "sql/database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "sql/sql_table.hpp"
#include "telemetry/log.hpp"

namespace mortise::sql {
namespace {

using base::Error;
using base::ErrorCode;
using Clock = std::chrono::steady_clock;

// Connections that lie idle: as many as work side by side all the while keep their caches of up to 2 MB each. The
// others are left over from a busy moment. What they kept, the statements of all other plugins would lack, and so they
// give it up when they come back, which takes microseconds; who takes one later reads its pages anew.
constexpr std::size_t kMostWarm = 4;
constexpr std::size_t kMostCold = 12;
// For a look at every page; of a database that takes longer the rest is taken for whole.
constexpr std::chrono::seconds kCheckTime{2};
// For who has no deadline: how long it waits for its turn, and has it.
constexpr std::chrono::seconds kLongestTurn{30};
constexpr std::chrono::seconds kLongestTransaction{60};
// What ends at its deadline needs some time to do so.
constexpr std::chrono::seconds kGrace{1};
constexpr std::chrono::milliseconds kLookAgain{100};

Error damaged(const std::filesystem::path& file, const std::string& how) {
  return {ErrorCode::data_loss, "the database '" + file.string() + "' is damaged (" + how +
                                    "); put a backup in its place (`mortise db " + file.stem().string() +
                                    " restore FILE`), or move it away to begin with an empty one"};
}

base::Result<void> check_whole(Connection& connection, const std::filesystem::path& file) {
  std::string found;
  const auto looked = connection.ask(
      "PRAGMA quick_check(1)", {}, [&](std::span<const std::string_view> columns) { found = columns[0]; },
      Clock::now() + kCheckTime);
  if (!looked && looked.error().code == ErrorCode::data_loss) return damaged(file, looked.error().message);
  if (!looked && looked.error().code != ErrorCode::deadline_exceeded) {
    return Error{looked.error().code, "cannot read the database '" + file.string() + "': " + looked.error().message};
  }
  if (!found.empty() && found != "ok") return damaged(file, found);
  if (!looked) {
    telemetry::log(telemetry::Level::info, "sql", "a large database is taken for whole: looking at it takes too long",
                   {{"file", file.string()}, {"look", "mortise db " + file.stem().string() + " check"}});
  }
  return {};
}

}  // namespace

base::Result<std::shared_ptr<Database>> Database::open(const std::filesystem::path& file) {
  const auto failure = [&](const Error& error) -> Error {
    if (error.code == ErrorCode::data_loss) return damaged(file, error.message);
    return {error.code, "cannot open the database '" + file.string() + "': " + error.message};
  };
  auto in_use = UseLock::share(file);
  if (!in_use) return failure(in_use.error());
  auto first = Connection::open(file);
  if (!first) return failure(first.error());
  if (const auto whole = check_whole(**first, file); !whole) return whole.error();
  return std::make_shared<Database>(file, std::move(*in_use), std::move(*first));
}

Database::Database(std::filesystem::path file, UseLock in_use, std::unique_ptr<Connection> first)
    : file_(std::move(file)), in_use_(std::move(in_use)) {
  warm_.reserve(kMostWarm);
  cold_.reserve(kMostCold);
  warm_.push_back(std::move(first));
}

base::Result<std::unique_ptr<Connection>> Database::take(Time deadline) {
  {
    const std::lock_guard lock(mutex_);
    auto& idle = warm_.empty() ? cold_ : warm_;
    if (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
  }
  return Connection::open(file_, deadline);
}

/// One with a transaction that cannot be ended is of no use to anybody.
void Database::give_back(std::unique_ptr<Connection> connection) noexcept {
  if (connection->is_in_transaction()) return;
  connection->take_news();  // of what was not committed
  {
    const std::lock_guard lock(mutex_);
    if (warm_.size() < kMostWarm) return warm_.push_back(std::move(connection));
    if (cold_.size() >= kMostCold) return;
  }
  connection->forget_pages();
  const std::lock_guard lock(mutex_);
  if (cold_.size() < kMostCold) cold_.push_back(std::move(connection));
}

/// In the queue of those who wait to write, under the mutex.
class Database::Place {
 public:
  Place(std::list<const Caller*>& queue, const Caller& caller)
      : queue_(queue), at_(queue.insert(queue.end(), &caller)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { queue_.erase(at_); }

 private:
  std::list<const Caller*>& queue_;
  std::list<const Caller*>::iterator at_;
};

bool Database::is_written_by(const Caller& caller) {
  const std::lock_guard lock(mutex_);
  return is_written_ && writer_ == caller;
}

void Database::listen(News of, std::weak_ptr<CommitListener> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.at(static_cast<unsigned>(of)) = std::move(listener);
}

/// After a commit on the connection.
void Database::tell_news(Connection& connection) {
  const auto news = connection.take_news();
  if (news.none()) return;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    if (!news.test(i)) continue;
    std::shared_ptr<CommitListener> listener;
    {
      const std::lock_guard lock(mutex_);
      listener = listeners_[i].lock();
    }
    if (listener) listener->on_news();
  }
}

base::Result<Database::Turn> Database::wait_for_turn(Time deadline, const Caller& caller) {
  std::unique_lock lock(mutex_);
  if (is_written_ && writer_ == caller && Clock::now() >= overdue_at_) end_overdue(lock);
  if (is_written_ && writer_ == caller) {
    return Error{ErrorCode::failed_precondition,
                 "this thread has a transaction open; run the statement in it, or end it first"};
  }
  const auto longest = Clock::now() + kLongestTurn;
  bool is_mine = false;
  {
    const Place place(waiting_, caller);
    is_mine = wait(lock, std::min(deadline, longest), caller);
  }
  if (!is_mine || caller.has_gone()) {
    turn_is_free_.notify_all();  // somebody else comes first now
    if (caller.has_gone()) return Error{ErrorCode::cancelled, "nobody waits for the statement any more"};
    if (deadline < longest) return Error{ErrorCode::deadline_exceeded, "another transaction wrote until the deadline"};
    return Error{ErrorCode::unavailable, "another transaction writes, and does not end"};
  }
  is_written_ = true;
  writer_ = caller;
  overdue_at_ = Time::max();
  return Turn(*this);
}

/// Until it is the caller's turn, or nobody waits for that any more: true; false: the time is over. Under the mutex.
bool Database::wait(std::unique_lock<std::mutex>& lock, Time until, const Caller& caller) {
  const auto may_go_on = [&] { return caller.has_gone() || (!is_written_ && waiting_.front() == &caller); };
  while (!may_go_on()) {
    const bool looks_after_writer = waiting_.front() == &caller;
    turn_is_free_.wait_until(lock, looks_after_writer ? std::min(until, overdue_at_) : until);
    const auto now = Clock::now();
    if (looks_after_writer && now >= overdue_at_) end_overdue(lock);
    if (now >= until && !may_go_on()) return false;
  }
  return true;
}

void Database::end_turn() noexcept {
  {
    const std::lock_guard lock(mutex_);
    is_written_ = false;
    transaction_ = nullptr;
    overdue_at_ = Time::max();
  }
  turn_is_free_.notify_all();
}

void Database::set_writer(Transaction& transaction, Time overdue_at) {
  {
    const std::lock_guard lock(mutex_);
    transaction_ = &transaction;
    overdue_at_ = overdue_at;
  }
  turn_is_free_.notify_all();  // who waits may have to look sooner
}

/// Under the mutex, without which no transaction goes; but not while it tells of that.
void Database::end_overdue(std::unique_lock<std::mutex>& lock) {
  if (transaction_ == nullptr || !transaction_->try_end_overdue()) {
    overdue_at_ = Clock::now() + kLookAgain;  // what it runs just now ends first
    return;
  }
  is_written_ = false;
  transaction_ = nullptr;
  overdue_at_ = Time::max();
  lock.unlock();
  telemetry::log(telemetry::Level::warning, "sql", "a transaction that did not end was rolled back",
                 {{"database", file_.string()}});
  lock.lock();
}

void Database::wake_waiting() {
  { const std::lock_guard lock(mutex_); }  // none is between its look and its sleep
  turn_is_free_.notify_all();
}

base::Result<mortise_status> Database::run(std::string_view text, const Run& run) {
  auto connection = take(run.deadline);
  if (!connection) return connection.error();
  auto outcome = run_on(**connection, text, run);
  if (outcome && *outcome == MORTISE_OK) tell_news(**connection);
  give_back(std::move(*connection));
  return outcome;
}

base::Result<mortise_status> Database::run_on(Connection& connection, std::string_view text, const Run& run) {
  const auto statement = connection.prepare(text);
  if (!statement) return statement.error();
  std::optional<Turn> turn;
  if (::sqlite3_stmt_readonly(*statement) == 0) {
    auto waited = wait_for_turn(run.deadline, run.caller);
    if (!waited) return waited.error();
    turn.emplace(std::move(*waited));
  }
  return connection.run(*statement, run);
}

base::Result<std::unique_ptr<Database::Transaction>> Database::begin(Access access, Time deadline,
                                                                     const Caller& caller) {
  std::optional<Turn> turn;
  if (access != Access::read) {
    auto waited = wait_for_turn(deadline, caller);
    if (!waited) return waited.error();
    turn.emplace(std::move(*waited));
  }
  auto connection = take(deadline);
  if (!connection) return connection.error();
  if (access == Access::migrate) {
    if (const auto off = (*connection)->ask("PRAGMA foreign_keys=OFF"); !off) return off.error();
  }
  const auto begun = (*connection)->ask(turn ? "BEGIN IMMEDIATE" : "BEGIN", {}, {}, deadline);
  auto transaction = std::make_unique<Transaction>(shared_from_this(), std::move(*connection), std::move(turn), access);
  if (!begun) return begun.error();
  // The host's own work is interrupted at its deadline, and does what is done on the connection itself.
  if (access == Access::write) {
    set_writer(*transaction, deadline == Time::max() ? Clock::now() + kLongestTransaction : deadline + kGrace);
  }
  return transaction;
}

/// The connection, for one thing that the owner does with it.
class Database::Transaction::Using {
 public:
  explicit Using(Transaction& transaction) noexcept : transaction_(transaction) {
    auto nobody = Use::none;
    while (!transaction_.use_.compare_exchange_weak(nobody, Use::running, std::memory_order_acquire)) {
      if (nobody == Use::running) return;
      nobody = Use::none;
      std::this_thread::yield();  // it is being rolled back
    }
    has_it_ = true;
  }
  Using(const Using&) = delete;
  Using& operator=(const Using&) = delete;
  ~Using() {
    if (has_it_) transaction_.use_.store(Use::none, std::memory_order_release);
  }
  [[nodiscard]] bool has_it() const noexcept { return has_it_; }

 private:
  Transaction& transaction_;
  bool has_it_ = false;
};

Database::Transaction::~Transaction() {
  auto nobody = Use::none;
  while (!use_.compare_exchange_weak(nobody, Use::running, std::memory_order_acquire)) {
    nobody = Use::none;
    std::this_thread::yield();  // it is being rolled back
  }
  if (connection_->is_in_transaction()) {
    try {
      static_cast<void>(connection_->ask("ROLLBACK"));
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): closing the connection does it, too
    }
  }
  // Of one that has migrated no other statement is to know.
  if (access_ != Access::migrate) database_->give_back(std::move(connection_));
}

/// Why nothing more can be done in it; nullopt: it can.
std::optional<base::Error> Database::Transaction::fault() const {
  if (is_overdue_ || is_unwanted_.load(std::memory_order_relaxed)) {
    return Error{ErrorCode::aborted, "the transaction was open for longer than it may be, and has been rolled back"};
  }
  if (!connection_->is_in_transaction()) {
    return Error{ErrorCode::aborted, "the transaction has been rolled back after an earlier failure"};
  }
  return std::nullopt;
}

base::Result<mortise_status> Database::Transaction::run(std::string_view text, const Run& run) {
  const Using use(*this);
  if (!use.has_it()) return Error{ErrorCode::failed_precondition, kStillRunning};
  if (const auto found = fault()) return *found;
  const auto statement = connection_->prepare(text);
  if (!statement) return statement.error();
  if (!turn_ && ::sqlite3_stmt_readonly(*statement) == 0) {
    return Error{ErrorCode::failed_precondition, "the transaction only reads; begin one that writes"};
  }
  auto wanted = run;
  wanted.unwanted = &is_unwanted_;
  auto outcome = connection_->run(*statement, wanted);
  if (!outcome && is_unwanted_.load(std::memory_order_relaxed)) return *fault();
  return outcome;
}

base::Result<void> Database::Transaction::ask(std::string_view statement) {
  const Using use(*this);
  if (!use.has_it()) return Error{ErrorCode::failed_precondition, kStillRunning};
  if (const auto found = fault()) return *found;
  return connection_->ask(statement);
}

base::Result<void> Database::Transaction::mark() {
  if (has_mark_) return Error{ErrorCode::failed_precondition, "the transaction has a mark already"};
  auto marked = ask("SAVEPOINT mortise_mark");
  has_mark_ = marked.has_value();
  return marked;
}

base::Result<void> Database::Transaction::forget_mark() {
  has_mark_ = false;
  return ask("RELEASE mortise_mark");
}

/// Of which all is undone when the part cannot be.
base::Result<void> Database::Transaction::go_back() {
  auto undone = ask("ROLLBACK TO mortise_mark");
  if (!undone) static_cast<void>(ask("ROLLBACK"));
  return undone;
}

base::Result<void> Database::Transaction::commit() {
  auto committed = ask("COMMIT");
  if (committed) database_->tell_news(*connection_);
  return committed;
}

/// Called under the database's mutex. False: its owner is at it, and does nothing more.
bool Database::Transaction::try_end_overdue() noexcept {
  auto nobody = Use::none;
  if (!use_.compare_exchange_strong(nobody, Use::ending, std::memory_order_acquire)) {
    is_unwanted_.store(true, std::memory_order_relaxed);
    return false;
  }
  try {
    static_cast<void>(connection_->ask("ROLLBACK"));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): it is tried again
  }
  const bool has_ended = !connection_->is_in_transaction();
  if (has_ended) {
    is_overdue_ = true;
    turn_->forget();
  }
  use_.store(Use::none, std::memory_order_release);  // from here on it may go
  return has_ended;
}

}  // namespace mortise::sql
