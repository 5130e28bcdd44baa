// Work that no request waits for.
//
//   mortise::Tasks& tasks = ctx.tasks();
//   tasks.post([this] { warm_up(); });                                             // as soon as there is a thread
//   const auto reminder = tasks.after(5min, [this] { remind(); });
//   tasks.every("clean-up", 10min, [this] { clean_up(); });
//   tasks.cron("report", "30 6 * * MON-FRI", "Europe/Berlin", [this] { report(); });
//
// Durable ones (abi/tasks.h), which survive restarts, with the rows that they go with:
//
//   tasks.handle("send-mail", [this](std::string_view address) { send_to(address); });            // in the constructor
//
//   sql.transaction([&](mortise::SqlTransaction& tx) {
//     tx.execute("INSERT INTO orders (id) VALUES (?)", 17);
//     tasks.submit(tx, "send-mail", "ada@example.com", {.after = 10min, .name = "order-17"});
//   });
#pragma once

#include <mortise/abi/tasks.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mortise/error.hpp>
#include <mortise/interface.hpp>
#include <mortise/sql.hpp>
#include <mortise/text.hpp>

namespace mortise {

/// One task, as cancel() wants it. A value. since 1.1
class TaskId {
 public:
  TaskId() = default;

 private:
  friend class Tasks;
  explicit TaskId(std::uint64_t tag) noexcept : tag_(tag) {}
  std::uint64_t tag_ = 0;
};

/// What a handler of durable tasks may want to know of one. since 1.1
struct TaskInfo {
  std::int64_t id = 0;        // no other one of the plugin ever has it
  std::uint32_t attempt = 1;  // the one that this is
  std::chrono::sys_time<std::chrono::milliseconds> due{};
};

/// How a durable task is submitted. since 1.1
struct TaskTerms {
  /// How long it waits at least.
  std::chrono::milliseconds after{0};
  /// Empty, or at most 1,024 bytes: it takes the place of the one of that handler and name that waits, if there is one.
  std::string_view name{};
};

namespace detail {

/// Whether a handler of durable tasks wants to be run in a transaction of the plugin's database.
template <class Handler>
inline constexpr bool kTakesTransaction =
    std::is_invocable_v<Handler&, SqlTransaction&, std::string_view> ||
    std::is_invocable_v<Handler&, SqlTransaction&, std::string_view, const TaskInfo&>;

/// What a handler's table entry leads to.
template <class Handler>
class DurableHandler {
 public:
  DurableHandler(Handler handler, std::optional<Sql> sql) : handler_(std::move(handler)), sql_(sql) {}

  static mortise_status run(void* self, const mortise_durable_task_v1* task, mortise_error* error) {
    return barrier(error, [&] {
      const TaskInfo info{task->id, task->attempt,
                          std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(task->due_ms))};
      static_cast<DurableHandler*>(self)->run(view(task->payload), info);
    });
  }

 private:
  void run(std::string_view payload, const TaskInfo& info) {
    if constexpr (kTakesTransaction<Handler>) {
      sql_->transaction([&](SqlTransaction& transaction) {
        // It goes with what is done for it.
        if (transaction.execute("DELETE FROM mortise_tasks WHERE id = ?", info.id) == 0) return;  // it was done
        call(payload, info, transaction);
      });
    } else {
      call(payload, info);
    }
  }
  template <class... Transaction>
  void call(std::string_view payload, const TaskInfo& info, Transaction&... transaction) {
    if constexpr (std::is_invocable_v<Handler&, Transaction&..., std::string_view, const TaskInfo&>) {
      handler_(transaction..., payload, info);
    } else {
      handler_(transaction..., payload);
    }
  }

  Handler handler_;
  std::optional<Sql> sql_;  // where the handler wants one
};

}  // namespace detail

/// The plugin's tasks: Context::tasks(). Each runs on a thread of the host's, in a scope, so that it may call
/// contracts, never twice at a time; what it throws is logged. They begin when the plugin's instance has been switched
/// to, and end with it: at a switch to a newer one what is due still runs, and what comes again goes on in its rhythm
/// under the same name. All throw mortise::Error. since 1.1 [any-thread]
class Tasks {
 public:
  using Body = std::function<void()>;

  /// For Context.
  explicit Tasks(const mortise_host_v1& host)
      : table_(*detail::find_interface<mortise_tasks_v1>(host, MORTISE_TASKS_V1)), host_(host) {}
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  /// As soon as there is a thread.
  TaskId post(Body body) { return after(std::chrono::milliseconds(0), std::move(body)); }
  /// Once, so much later.
  TaskId after(std::chrono::milliseconds delay, Body body) {
    return add({}, milliseconds(delay), 0, {}, {}, std::move(body));
  }
  /// Again and again, the first time after one interval. No other task that comes again has that name. A run that takes
  /// longer than the interval puts the next one off.
  TaskId every(std::string_view name, std::chrono::milliseconds interval, Body body) {
    if (interval.count() <= 0) throw Error(Status::invalid_argument, "an interval is longer than nothing");
    return add(name, milliseconds(interval), milliseconds(interval), {}, {}, std::move(body));
  }
  /// By a calendar: minute, hour, day, month, weekday, as cron has them, in a time zone; empty: UTC.
  TaskId cron(std::string_view name, std::string_view times, std::string_view time_zone, Body body) {
    return add(name, 0, 0, times, time_zone, std::move(body));
  }

  /// No run begins any more; one that has begun goes on. False: there is no such task any more.
  bool cancel(TaskId task) {
    detail::Message message;
    const auto status = table_.cancel(host_.host, task.tag_, message.out());
    forget(task.tag_);
    if (status == MORTISE_NOT_FOUND) return false;
    detail::check(status, message);
    return true;
  }

  /// Has `handler` run the durable tasks of that name, which `durable_tasks` of the manifest has: of this version and
  /// of those before it, one or several at a time, at least once each, and again after ever longer pauses when it
  /// throws. It takes a std::string_view, the payload, and if it wants a const TaskInfo& after that. One that takes a
  /// SqlTransaction& before these is run in a transaction of the plugin's database, and is done once for each task
  /// whatever happens. While the plugin is constructed. [control-thread]
  template <class Handler>
  void handle(std::string_view name, Handler handler) {
    static_assert(detail::kTakesTransaction<Handler> || std::is_invocable_v<Handler&, std::string_view> ||
                      std::is_invocable_v<Handler&, std::string_view, const TaskInfo&>,
                  "a handler of durable tasks takes (std::string_view) or (std::string_view, const "
                  "mortise::TaskInfo&), and before these, if it wants, a mortise::SqlTransaction&");
    using Kept = detail::DurableHandler<Handler>;
    auto kept = std::make_shared<Kept>(std::move(handler),
                                       detail::kTakesTransaction<Handler> ? std::optional(database()) : std::nullopt);
    handlers_.push_back(kept);  // before the host knows of it
    const mortise_task_handler_v1 wanted{sizeof wanted, 0, detail::borrow(name), kept.get(), &Kept::run};
    detail::Message message;
    detail::check(table_.handle(host_.host, &wanted, message.out()), message);
  }

  /// Has the handler of that name run a durable task, with any bytes, at most 1 MiB; returns its id. It is on the disk
  /// when this returns, or when the transaction is committed; a name that no version of the plugin handles yet is no
  /// error. Throws what statements do.
  std::int64_t submit(std::string_view handler, std::string_view payload, const TaskTerms& terms = {}) {
    auto sql = database();
    return submit(sql, handler, payload, terms);
  }
  std::int64_t submit(SqlTransaction& transaction, std::string_view handler, std::string_view payload,
                      const TaskTerms& terms = {}) {
    return submit(static_cast<SqlCalls&>(transaction), handler, payload, terms);
  }
  /// Of the one of that handler and name that waits, no run begins any more; one that has begun goes on. False: there
  /// is none.
  bool withdraw(std::string_view handler, std::string_view name) {
    auto sql = database();
    return withdraw(sql, handler, name);
  }
  bool withdraw(SqlTransaction& transaction, std::string_view handler, std::string_view name) {
    return withdraw(static_cast<SqlCalls&>(transaction), handler, name);
  }

 private:
  static std::int64_t submit(SqlCalls& sql, std::string_view handler, std::string_view payload,
                             const TaskTerms& terms) {
    const auto name = terms.name.empty() ? std::nullopt : std::optional(terms.name);
    const auto after = static_cast<std::int64_t>(milliseconds(terms.after));
    // The clock is that of the process which has the database, as in the table's own defaults.
    return sql.insert(
        "INSERT OR REPLACE INTO mortise_tasks (handler, name, due_ms, payload) VALUES (?1, ?2, "
        "CAST(julianday('now') * 86400000 + 0.5 AS INTEGER) - 210866760000000 + ?3, ?4)",
        handler, name, after, std::as_bytes(std::span(payload)));
  }
  static bool withdraw(SqlCalls& sql, std::string_view handler, std::string_view name) {
    return sql.execute("DELETE FROM mortise_tasks WHERE handler = ? AND name = ? AND is_dead = 0", handler, name) > 0;
  }
  Sql database() {
    const std::lock_guard lock(mutex_);
    if (!sql_) sql_.emplace(detail::open_sql(host_));
    return *sql_;
  }

  struct Known {
    Body body;
    bool comes_again;
  };

  static std::uint64_t milliseconds(std::chrono::milliseconds time) {
    return static_cast<std::uint64_t>(std::max<std::chrono::milliseconds::rep>(time.count(), 0));
  }

  TaskId add(std::string_view name, std::uint64_t delay_ms, std::uint64_t every_ms, std::string_view cron,
             std::string_view time_zone, Body body) {
    const bool comes_again = every_ms > 0 || !cron.empty();
    std::uint64_t tag = 0;
    {
      const std::lock_guard lock(mutex_);
      tag = ++last_tag_;
      known_.emplace(tag, std::make_shared<const Known>(Known{std::move(body), comes_again}));
    }
    const mortise_task_v1 task{
        sizeof(mortise_task_v1),   0,    tag, detail::borrow(name), delay_ms, every_ms, detail::borrow(cron),
        detail::borrow(time_zone), this, &run};
    detail::Message message;
    if (const auto status = table_.add(host_.host, &task, message.out()); status != MORTISE_OK) {
      forget(tag);
      detail::check(status, message);
    }
    return TaskId(tag);
  }

  static mortise_status run(void* self, std::uint64_t tag, mortise_error* error) {
    auto& tasks = *static_cast<Tasks*>(self);
    return detail::barrier(error, [&] {
      const auto task = tasks.find(tag);
      if (!task) return;  // it was cancelled just now
      if (!task->comes_again) tasks.forget(tag);
      task->body();
    });
  }

  std::shared_ptr<const Known> find(std::uint64_t tag) {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(tag);
    return found == known_.end() ? nullptr : found->second;
  }
  /// What it holds goes when nothing runs it.
  void forget(std::uint64_t tag) {
    std::shared_ptr<const Known> gone;
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(tag);
    if (found == known_.end()) return;
    gone = std::move(found->second);
    known_.erase(found);
  }

  const mortise_tasks_v1& table_;
  const mortise_host_v1& host_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<const Known>> known_;  // guarded by mutex_; by tag
  std::uint64_t last_tag_ = 0;                                   // guarded by mutex_
  std::optional<Sql> sql_;                                       // guarded by mutex_; once somebody wants it
  std::vector<std::shared_ptr<void>> handlers_;                  // of durable tasks; the control thread's
};

}  // namespace mortise
