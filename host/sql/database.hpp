// A plugin's database: connections that its threads share, one writer at a time, transactions.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/connection.hpp"
#include "sql/use_lock.hpp"

namespace mortise::sql {

/// Hears of what a database's transactions have brought. Called by whoever has committed, who waits for it meanwhile.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  CommitListener() = default;
  CommitListener(const CommitListener&) = delete;
  CommitListener& operator=(const CommitListener&) = delete;

  /// There are rows in the table that were not there before. Must not wait.
  virtual void on_news() noexcept = 0;
};

/// All threads; shared by the plugin's generations and by transactions that are open. Writers wait for each other here,
/// first come, first served, and not for SQLite's lock, which knows no order and no deadline.
class Database : public std::enable_shared_from_this<Database> {
 public:
  /// Creates it where there is none; looks whether it is whole, for at most a few seconds.
  static base::Result<std::shared_ptr<Database>> open(const std::filesystem::path& file);
  Database(std::filesystem::path file, UseLock in_use, std::unique_ptr<Connection> first);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() = default;

  /// One statement in a transaction of its own.
  base::Result<mortise_status> run(std::string_view text, const Run& run);

  class Transaction;
  enum class Access {
    read,
    write,
    migrate,  // writes, without a look at foreign keys, and is not ended by others
    own,      // writes what the host has to write, and is not ended by others
  };
  /// One that writes is rolled back by who waits for its turn when it is still there some time after its deadline.
  base::Result<std::unique_ptr<Transaction>> begin(Access access, Time deadline,
                                                   const Caller& caller = Caller::this_thread());
  /// Whether the caller has begun a transaction that writes, and has not ended it.
  [[nodiscard]] bool is_written_by(const Caller& caller);
  /// Has those look who wait for their turn, and may have gone.
  void wake_waiting();
  /// Tells it from now on; one at a time for each kind.
  void listen(News of, std::weak_ptr<CommitListener> listener);

 private:
  /// Being the one that writes, until it is gone.
  class Turn {
   public:
    explicit Turn(Database& of) noexcept : of_(&of) {}
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (of_ != nullptr) of_->end_turn();
    }
    /// Of which the database itself has made an end.
    void forget() noexcept { of_ = nullptr; }

   private:
    Database* of_;
  };

  class Place;

  base::Result<std::unique_ptr<Connection>> take(Time deadline);
  void give_back(std::unique_ptr<Connection> connection) noexcept;
  base::Result<mortise_status> run_on(Connection& connection, std::string_view text, const Run& run);
  base::Result<Turn> wait_for_turn(Time deadline, const Caller& caller);
  bool wait(std::unique_lock<std::mutex>& lock, Time until, const Caller& caller);
  void end_turn() noexcept;
  void set_writer(Transaction& transaction, Time overdue_at);
  void end_overdue(std::unique_lock<std::mutex>& lock);
  void tell_news(Connection& connection);

  const std::filesystem::path file_;
  const UseLock in_use_;
  std::mutex mutex_;
  std::condition_variable turn_is_free_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Connection>> warm_;  // idle, with what they have read
  std::vector<std::unique_ptr<Connection>> cold_;  // idle, and without
  bool is_written_ = false;
  Caller writer_;
  Transaction* transaction_ = nullptr;  // the writer's; null: it runs one statement, or is about to begin
  Time overdue_at_ = Time::max();       // when that is rolled back for whoever waits
  std::list<const Caller*> waiting_;    // in the order in which they came
  std::array<std::weak_ptr<CommitListener>, kNewsTables.size()> listeners_;
};

/// Several statements, on a connection that nobody else has until it is gone. Not committed: rolled back. One thread at
/// a time, and on that thread one thing at a time: nothing while a statement hands out its rows.
class Database::Transaction {
 public:
  /// With a turn: it writes.
  Transaction(std::shared_ptr<Database> database, std::unique_ptr<Connection> connection, std::optional<Turn> turn,
              Access access) noexcept
      : database_(std::move(database)), turn_(std::move(turn)), connection_(std::move(connection)), access_(access) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  base::Result<mortise_status> run(std::string_view text, const Run& run);
  /// Of all of it nothing is there when that fails.
  base::Result<void> commit();
  /// Whether a statement of it hands out its rows, so that it must not be ended.
  [[nodiscard]] bool is_running() const noexcept { return use_.load(std::memory_order_acquire) == Use::running; }

  /// From mark() on nothing counts until forget_mark(), and go_back() undoes it. One at a time.
  base::Result<void> mark();
  base::Result<void> go_back();
  base::Result<void> forget_mark();

  /// For the host's own statements: of one that nobody ends but its owner.
  Connection& connection() noexcept { return *connection_; }

 private:
  friend class Database;
  /// Whose the connection is at this moment: nobody's, its owner's, or that of who rolls it back since it is overdue.
  /// Taken with acquire and left with release, for the connection.
  enum class Use : int { none, running, ending };
  class Using;

  base::Result<void> ask(std::string_view statement);
  [[nodiscard]] std::optional<base::Error> fault() const;
  bool try_end_overdue() noexcept;

  const std::shared_ptr<Database> database_;
  std::optional<Turn> turn_;
  std::unique_ptr<Connection> connection_;
  const Access access_;
  std::atomic<Use> use_{Use::none};
  // Set by who waits and finds it overdue and in use: what runs ends early, and nothing more begins. A value on its
  // own: relaxed.
  std::atomic<bool> is_unwanted_{false};
  bool is_overdue_ = false;  // whose use it is
  bool has_mark_ = false;    // its owner's
};

}  // namespace mortise::sql
