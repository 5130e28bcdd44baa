// mortise.tasks/1: what plugins do without a request, on threads of the host's and at times that the host keeps.
#pragma once

#include <mortise/abi/tasks.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "runtime/blocking_pool.hpp"
#include "runtime/offer.hpp"
#include "runtime/release.hpp"
#include "runtime/retry_rules.hpp"
#include "runtime/service.hpp"
#include "sql/sql.hpp"
#include "tasks/durable_tasks.hpp"
#include "tasks/schedule.hpp"
#include "tasks/timing.hpp"

namespace mortise::tasks {

inline constexpr std::size_t kMostTasks = 10000;  // of one instance
base::Error too_many(const mortise_task_v1& task);
base::Error is_there(const mortise_task_v1& task);
base::Error is_over(const mortise_task_v1& task);
base::Error is_missing();

/// What has come of a plugin's tasks of one name, all its instances together.
struct TaskReport {
  std::string name;           // empty: of all others
  std::uint64_t waiting = 0;  // for their time
  std::uint64_t running = 0;  // also those that wait for a thread
  std::uint64_t ran = 0;      // to their end, since the host's start
  std::uint64_t failed = 0;   // of those
};

/// Outlives every generation. Of an instance, tasks begin from the release on that has it to the one that has it no
/// more; what is due by then still runs, and holds what it can reach meanwhile. None begins before start().
class Tasks final : public runtime::Service {
 public:
  /// Tasks run on at most `threads`; durable ones are in `databases`, which outlive it, and come again by `rules`.
  Tasks(sql::Sql& databases, unsigned threads, const runtime::RetryRules& rules, Schedule::Now now = &Moment::now);
  ~Tasks() override;

  /// The interface that every instance has. Any thread.
  static std::span<const runtime::Offer> offers() noexcept;

  const void* interface(std::string_view id) const noexcept override;
  /// Whether there is a handler of each durable task that the manifest names.
  base::Result<void> initialised(const runtime::Generation& generation) override;
  std::vector<Conflict> check(const runtime::GenerationSet&) override { return {}; }
  void publish(const runtime::ReleasePtr& next) override;
  /// What is not switched to has no tasks yet.
  void publish_canary(const runtime::ReleasePtr&, const runtime::CanaryShare&) override {}
  /// What has begun ends with its instance; whoever has its name does not wait for it any more.
  void cut(const runtime::Generation& generation) override;
  void forget(const runtime::Generation& generation) override;

  /// Whether the task can be one, and when it is due then.
  static base::Result<Timing> check(const runtime::Generation& generation, const mortise_task_v1& task);
  /// [any-thread]
  base::Result<void> add(const runtime::Generation& generation, const mortise_task_v1& task);
  base::Result<void> cancel(const runtime::Generation& generation, std::uint64_t tag);

  /// Those that are rows, and survive all this.
  DurableTasks& durable() noexcept { return durable_; }

  /// By name: of those that come again the first thousand, of those that come once the first hundred. Any thread.
  [[nodiscard]] std::vector<TaskReport> report(const std::string& plugin);

  /// From here on tasks begin; until pause(). `others_submit_for` as DurableTasks has it, as what pause() does. Of
  /// tasks in memory it waits for those that come again, for half of the time; one that takes longer is left to go on.
  void start(std::chrono::milliseconds others_submit_for = std::chrono::milliseconds(0));
  base::Result<void> pause(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up);
  /// None begins any more. Returns how many have not come to their end within `patience`, and are left behind.
  std::size_t stop(std::chrono::milliseconds patience);

 private:
  struct Task;
  struct Counts {
    std::uint64_t running = 0;
    std::uint64_t ran = 0;
    std::uint64_t failed = 0;
  };
  using TaskPtr = std::shared_ptr<Task>;
  using Named = std::pair<std::string, std::string>;  // a plugin, and a task's name
  struct Instance {
    runtime::ConePtr cone{};                   // null: not in the newest release yet
    bool is_over = false;                      // nor will it be again
    std::map<std::uint64_t, TaskPtr> tasks{};  // by tag
    std::set<std::string> names{};             // of those that come again
  };

  void bind(const runtime::ConePtr& cone);
  void unbind(const runtime::Cone& cone);
  void wait_for(const TaskPtr& task);                        // under mutex_
  void wait_until(const TaskPtr& task, const Due& due);      // under mutex_
  void begin(const TaskPtr& task, const runtime::ConePtr&);  // under mutex_
  void begin_in_turn(const TaskPtr& task);                   // under mutex_
  void leave(const Task& task);                              // under mutex_
  void begin_due(Schedule::Key key);
  void begin_calendars_anew();
  void run(const TaskPtr& task, const runtime::ConePtr& cone);
  void end(const TaskPtr& task, bool has_failed);
  Counts* counts_of(const std::string& plugin, const std::string& name, bool comes_again);  // under mutex_

  const Schedule::Now now_;
  runtime::BlockingPool pool_;
  DurableTasks durable_;
  std::mutex mutex_;  // before the schedule's
  std::condition_variable_any idle_;
  // Guarded by mutex_:
  std::unordered_map<const runtime::Generation*, Instance> instances_;
  std::unordered_map<Schedule::Key, TaskPtr> scheduled_;
  std::vector<TaskPtr> late_;  // due while nothing may begin, or while a run of their name is under way
  // Of those that come again, of whichever instance: no two of a name are under way.
  std::map<Named, TaskPtr> under_way_;
  std::map<Named, Due> rhythms_;                                 // when tasks of former instances would have come next
  std::map<std::string, std::map<std::string, Counts>> counts_;  // by plugin and name; stay where they are
  Schedule::Key last_key_ = 0;
  bool is_started_ = false;
  bool has_told_of_no_thread_ = false;  // until there is one again
  // The release thread's: of what was published last.
  runtime::ConeSet cones_;
  Schedule schedule_;  // last: its thread uses the rest
};

}  // namespace mortise::tasks
