// Publishing without a transaction of the plugin's: those who publish at the same time share one commit, and with it
// one wait for the disk.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "events/letter.hpp"
#include "sql/database.hpp"

namespace mortise::events {

/// Any thread.
class GroupCommit {
 public:
  explicit GroupCommit(std::shared_ptr<sql::Database> database) : database_(std::move(database)) {}

  /// Of an event that was checked. On the disk when this returns; whoever waits does so at most until the deadline,
  /// unless somebody is at it.
  base::Result<void> write(const Publication& publication, sql::Time deadline);

 private:
  struct Waiting {
    const Publication& publication;
    const sql::Time deadline;
    bool is_done = false;
    base::Result<void> outcome{};
  };
  static constexpr std::size_t kMostInBatch = 1024;

  void lead(std::unique_lock<std::mutex>& lock) noexcept;
  base::Result<void> commit(std::span<Waiting* const> batch);

  const std::shared_ptr<sql::Database> database_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::condition_variable gathered_;
  // Guarded by mutex_:
  std::vector<Waiting*> queue_;
  bool is_led_ = false;       // somebody commits, and wakes those whose events that takes along
  std::size_t expected_ = 1;  // how many publish at the same time, as far as was seen

  std::array<Waiting*, kMostInBatch> batch_{};  // whose commit is under way: of the one that leads
};

}  // namespace mortise::events
