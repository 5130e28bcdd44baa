// Work that no request waits for.
//
//   mortise::Tasks& tasks = ctx.tasks();
//   tasks.post([this] { warm_up(); });                                             // as soon as there is a thread
//   const auto reminder = tasks.after(5min, [this] { remind(); });
//   tasks.every("clean-up", 10min, [this] { clean_up(); });
//   tasks.cron("report", "30 6 * * MON-FRI", "Europe/Berlin", [this] { report(); });
#pragma once

#include <mortise/abi/tasks.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include <mortise/error.hpp>
#include <mortise/interface.hpp>
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

/// The plugin's tasks: Context::tasks(). Each runs on a thread of the host's, in a scope, so that it may call
/// contracts, never twice at a time; what it throws is logged. They begin when the plugin's instance has been switched
/// to, and end with it: at a switch to a newer one what is due still runs, and what comes again goes on in its rhythm
/// under the same name. All throw mortise::Error. since 1.1 [any-thread]
class Tasks {
 public:
  using Body = std::function<void()>;

  /// For Context.
  explicit Tasks(const mortise_host_v1& host)
      : table_(*detail::find_interface<mortise_tasks_v1>(host, MORTISE_TASKS_V1)), host_(host.host) {}
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
    const auto status = table_.cancel(host_, task.tag_, message.out());
    forget(task.tag_);
    if (status == MORTISE_NOT_FOUND) return false;
    detail::check(status, message);
    return true;
  }

 private:
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
    if (const auto status = table_.add(host_, &task, message.out()); status != MORTISE_OK) {
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
  mortise_host* host_;
  std::mutex mutex_;
  std::map<std::uint64_t, std::shared_ptr<const Known>> known_;  // guarded by mutex_; by tag
  std::uint64_t last_tag_ = 0;                                   // guarded by mutex_
};

}  // namespace mortise
