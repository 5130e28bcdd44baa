// The durable tasks of one plugin: rows of its own database, run when their time has come. While no version of the
// plugin runs, or another process owns the state directory, nothing is.
//
// One thread of the desk's at a time takes a turn: it writes what has come of runs, in one transaction for all of them,
// then reads which rows are due, a window of each handler's. A run reads its row itself when it begins, so that nothing
// large waits in memory, and what was withdrawn by then does not begin. Whoever has news (a commit, a run, a time that
// has come, a release) wakes it, and waits for nothing.
//
//  in memory | from                | until
//  ready     | a turn has read it  | a thread is there for it; forgotten when this process is to run nothing more
//  under way |                     | the handler has returned, or is given up
//  unwritten | that                | written: its row is gone, or has its next time
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "runtime/alarm.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/release.hpp"
#include "runtime/retry_rules.hpp"
#include "sql/database.hpp"
#include "tasks/handlers.hpp"
#include "tasks/schedule.hpp"
#include "tasks/task_rows.hpp"

namespace mortise::tasks {

inline constexpr std::size_t kMostReady = 64;  // of one handler

/// What all queues share; outlives them.
struct QueueMeans {
  runtime::BlockingPool& pool;  // on whose threads tasks run
  runtime::BlockingPool& desk;  // on whose threads queues wait for the disk
  runtime::Alarm& alarm;
  const runtime::RetryRules rules;
  const Schedule::Now now;
};

/// What a queue has.
struct QueueReport {
  struct OfHandler {
    std::string handler;
    bool is_handled = false;  // by the version that runs; else its rows wait
    std::uint64_t running = 0;
    TaskCounts counts{};  // those that run included
  };
  std::vector<OfHandler> handlers{};
  std::vector<TriedTask> tried{};  // the eldest of those that fail, then of those that are dead
};

/// Any thread, but for what says otherwise.
class TaskQueue final : public sql::CommitListener,
                        public runtime::Sleeper,
                        public std::enable_shared_from_this<TaskQueue> {
 public:
  static std::shared_ptr<TaskQueue> make(std::string plugin, std::shared_ptr<sql::Database> database,
                                         const QueueMeans& means);
  TaskQueue(std::string plugin, std::shared_ptr<sql::Database> database, const QueueMeans& means);

  [[nodiscard]] const std::string& plugin() const noexcept { return plugin_; }

  // --- What a release says. [release thread]
  /// Its plugin runs, and has these handlers from here on; what is under way finishes where it has begun.
  void run(runtime::ConePtr cone, HandlerMap handlers);
  void rest();
  /// No handler that has not returned from that generation is waited for any more.
  void abandon(const runtime::Generation& generation);

  // --- Whether this process runs them.
  /// Until then others may submit in the database, which nobody tells.
  void set_owner(bool is_owner, std::chrono::steady_clock::time_point others_submit_until = {});
  /// After set_owner(false): whether nothing is under way any more, and everything that has come of it is written.
  base::Result<void> settle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);

  // --- What an admin asks; waits for the disk.
  base::Result<QueueReport> report();
  /// Has that one run again, or all that are dead; returns how many those are.
  base::Result<std::uint64_t> replay(std::optional<std::int64_t> id);
  /// Has it not run any more; a run that has begun goes on, and is its last. False: there is none.
  base::Result<bool> discard(std::int64_t id);

  // --- Who has news.
  void on_news() noexcept override { wake(); }
  void wake() noexcept override;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kAfterFault{1};  // is tried again
  using Named = std::pair<std::string, std::string>;     // a handler, and a task's name
  /// What of one handler's is in memory.
  struct Window {
    std::size_t ready = 0;
    bool is_more = false;  // on the disk
  };
  struct UnderWay {
    DueTask task;
    std::uint32_t attempt = 0;  // 0: its handler has not been called yet
    const runtime::Generation* generation = nullptr;
  };
  struct Begun {
    std::uint64_t number = 0;
    std::int64_t id = 0;
    std::string handler_name;
    Handler handler{};
    runtime::ConePtr cone{};
  };
  enum class End { done, failed, gone, unread, unbegun };  // the last: it counts as no attempt
  struct Outcome {
    End end = End::done;
    std::string error{};  // of one that has failed, or was not begun
  };
  struct Unwritten {
    std::vector<std::int64_t> done{};
    std::vector<FailedTask> failed{};
    [[nodiscard]] bool is_empty() const noexcept { return done.empty() && failed.empty(); }
  };

  void take_turn();
  base::Result<void> turn();
  base::Result<void> write();
  [[nodiscard]] bool is_time_to_write();
  base::Result<void> mend_times();
  base::Result<void> read();
  base::Result<void> read_for(TaskRows& rows, const std::string& handler, std::int64_t now);
  base::Result<std::optional<StoredTask>> find(std::int64_t id);

  [[nodiscard]] bool may_begin() const;  // under mutex_, as what follows
  [[nodiscard]] std::chrono::milliseconds time_to_wait() const;
  std::size_t count_new_workers();
  void forget_ready();
  bool note(const UnderWay& ended, const Outcome& outcome);
  void wait_from_now();

  void post(std::size_t workers);
  void work();
  bool take_next(Begun& begun);
  Outcome perform(const Begun& begun);
  bool note_attempt(std::uint64_t number, std::uint32_t attempt);
  bool finish(const Begun& begun, const Outcome& outcome);
  [[nodiscard]] std::int64_t now_ms() const;
  void tell_of_wait(const Outcome& outcome);
  void log_dead(const FailedTask& task) const;
  void note_fault(const base::Error& error);
  void wake_in(std::chrono::milliseconds time) noexcept;

  const std::string plugin_;
  const std::shared_ptr<sql::Database> database_;
  const QueueMeans& means_;

  std::atomic<bool> is_posted_{false};  // a turn is about to begin, which sees all that came before: acquire, release

  std::mutex mutex_;
  std::condition_variable_any idle_;
  // Guarded by mutex_:
  runtime::ConePtr cone_;  // null: no version of the plugin runs
  HandlerMap handlers_;
  bool is_owner_ = false;
  bool is_waiting_ = false;  // the last run was not begun: the next one is no sooner than waits_until_
  bool has_told_of_wait_ = false;
  Clock::time_point waits_until_{};
  Clock::time_point others_submit_until_{};
  std::map<std::string, Window> windows_;        // by handler
  std::deque<DueTask> ready_;                    // in the order in which they begin
  std::unordered_set<std::int64_t> known_;       // ready, under way or unwritten: no turn reads them again
  std::map<std::uint64_t, UnderWay> under_way_;  // by the number of the run
  std::set<Named> names_under_way_;
  bool has_passed_name_ = false;    // one that was ready, and another one of its name under way
  std::uint64_t runs_ = 0;          // that have begun
  std::size_t workers_ = 0;         // threads that were asked for, and have not gone
  std::size_t runs_under_way_ = 0;  // of them, those that are at a task, or hold what it has needed
  Unwritten unwritten_;
  bool is_urgent_ = false;  // somebody waits for that

  std::mutex turn_mutex_;  // before mutex_
  // Guarded by turn_mutex_:
  Unwritten unsaved_;  // what is being written, or could not be
  Clock::time_point written_at_{};
  bool has_fault_ = false;  // which has been told
};

}  // namespace mortise::tasks
