// A plugin's database: connections that its threads share, one writer at a time, transactions.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "sql/connection.hpp"

namespace mortise::sql {

/// All threads; shared by the plugin's generations. Writers wait for each other here, and not for SQLite's lock, which
/// knows no order and no deadline.
class Database {
 public:
  /// Creates it where there is none; looks whether it is whole, for at most a few seconds.
  static base::Result<std::shared_ptr<Database>> open(const std::filesystem::path& file);
  explicit Database(std::filesystem::path file, std::unique_ptr<Connection> first);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// Nobody is inside, and no transaction is open.
  ~Database() = default;

  /// One statement in a transaction of its own.
  base::Result<mortise_status> run(std::string_view text, const Run& run);

  /// Being the one that writes, until it is gone.
  class Turn {
   public:
    explicit Turn(Database& of) noexcept : of_(&of) {}
    Turn(Turn&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (of_ != nullptr) of_->end_turn();
    }

   private:
    Database* of_;
  };

  /// Several, on a connection that nobody else has until it is gone. Not committed: rolled back. One thread at a time.
  class Transaction {
   public:
    /// With a turn: it writes.
    Transaction(Database& database, std::unique_ptr<Connection> connection, std::optional<Turn> turn) noexcept
        : database_(database), turn_(std::move(turn)), connection_(std::move(connection)) {}
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    base::Result<mortise_status> run(std::string_view text, const Run& run);
    /// Of all of it nothing is there when that fails.
    base::Result<void> commit();
    Connection& connection() noexcept { return *connection_; }

   private:
    Database& database_;
    std::optional<Turn> turn_;
    std::unique_ptr<Connection> connection_;
  };
  enum class Access { read, write };
  base::Result<std::unique_ptr<Transaction>> begin(Access access, Time deadline);

 private:
  base::Result<std::unique_ptr<Connection>> take();
  void give_back(std::unique_ptr<Connection> connection);
  base::Result<mortise_status> run_on(Connection& connection, std::string_view text, const Run& run);
  base::Result<Turn> wait_for_turn(Time deadline);
  void end_turn() noexcept;

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable turn_is_free_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Connection>> idle_;
  bool is_written_ = false;
  std::thread::id writer_;
};

}  // namespace mortise::sql
