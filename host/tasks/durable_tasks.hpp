// The durable tasks of all plugins: who handles them, and who of a release does.
#pragma once

#include <mortise/abi/tasks.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/alarm.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/retry_rules.hpp"
#include "sql/sql.hpp"
#include "tasks/handlers.hpp"
#include "tasks/task_queue.hpp"

namespace mortise::tasks {

/// Any thread, but for what says otherwise. Nothing runs until start().
class DurableTasks {
 public:
  /// Their rows are in `databases`, and they run on threads of `pool`; both outlive it.
  DurableTasks(sql::Sql& databases, runtime::BlockingPool& pool, const runtime::RetryRules& rules, Schedule::Now now);

  /// Who has registered.
  Handlers& handlers() noexcept { return handlers_; }

  /// What a release has otherwise than the one before, and what it has no more. [release thread]
  void publish(std::span<const runtime::ConePtr> bound, std::span<const runtime::Cone* const> gone);
  /// No handler that has not returned from that generation is waited for any more. [release thread]
  void abandon(const runtime::Generation& generation);

  /// This process owns the state directory. For a while a former host may still submit, of which nobody tells this one:
  /// it looks now and then.
  void start(std::chrono::milliseconds others_submit_for);
  /// Another one is about to: waits, until the deadline or until it is to be given up, for what is under way. From then
  /// to start() nothing runs; but when that fails all goes on.
  base::Result<void> pause(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);
  /// Nothing new begins.
  void hold();
  /// For good, as far as that can be done by the deadline. Returns how many threads are left behind.
  std::size_t stop(std::chrono::steady_clock::time_point deadline);

  // --- What an admin asks, of a plugin that runs; waits for the disk.
  base::Result<QueueReport> report(const std::string& plugin);
  base::Result<std::uint64_t> replay(const std::string& plugin, std::optional<std::int64_t> id);
  base::Result<bool> discard(const std::string& plugin, std::int64_t id);

 private:
  std::shared_ptr<TaskQueue> open(const std::string& plugin, const std::shared_ptr<sql::Database>& database);
  void set_owner(bool is_owner, std::chrono::steady_clock::time_point others_submit_until = {});
  void end(const std::string& plugin);
  [[nodiscard]] std::vector<std::shared_ptr<TaskQueue>> all() const;
  [[nodiscard]] base::Result<std::shared_ptr<TaskQueue>> find(const std::string& plugin) const;

  sql::Sql& databases_;
  Handlers handlers_;
  runtime::BlockingPool desk_;
  runtime::Alarm alarm_;  // before the desk, on which it wakes, is stopped
  const QueueMeans means_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, std::weak_ptr<TaskQueue>> known_;
  std::map<std::string, std::shared_ptr<TaskQueue>> running_;
  bool is_owner_ = false;
  std::chrono::steady_clock::time_point others_submit_until_{};
};

}  // namespace mortise::tasks
