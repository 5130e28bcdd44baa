#include "tasks/tasks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "tasks/task_body.hpp"
#include "tasks/tasks_table.hpp"
#include "telemetry/log.hpp"

namespace mortise::tasks {
namespace {

using base::Error;
using base::ErrorCode;
using runtime::Generation;
using runtime::to_view;

constexpr std::size_t kMostNameBytes = 64;
constexpr std::size_t kMostTimeBytes = 1024;  // of a calendar's text, and of a time zone's
// Of tasks that come once: names that are made up anew for each must not take more and more room.
constexpr std::size_t kMostCountedNames = 100;
// Nor must those of tasks that come again.
constexpr std::size_t kMostRecurringNames = 1000;
// Tasks that wait for a thread are the instance's own, and bounded as such.
constexpr std::size_t kMostQueued = std::size_t{1} << 20U;
constexpr std::chrono::seconds kWithoutThread{1};  // until it is tried again

Error refuse(ErrorCode code, const mortise_task_v1& task, const std::string& why) {
  return {code, "task '" + base::printable(to_view(task.name)) + "' " + why};
}

}  // namespace

base::Error too_many(const mortise_task_v1& task) {
  return refuse(ErrorCode::resource_exhausted, task, "is one too many: 10,000 of the plugin wait");
}
base::Error is_there(const mortise_task_v1& task) {
  return refuse(ErrorCode::already_exists, task, "is there already, by its tag or its name; cancel that one first");
}
base::Error is_over(const mortise_task_v1& task) {
  return refuse(ErrorCode::cancelled, task, "is not begun: the plugin's instance ends");
}
base::Error is_missing() { return {ErrorCode::not_found, "there is no such task, or none any more"}; }

/// What is immutable is read by any thread; the rest is guarded by the service's mutex.
struct Tasks::Task {
  const Generation* generation;
  std::uint64_t tag;
  std::string name;
  Timing timing;
  void* self;
  decltype(mortise_task_v1::run) run;

  Counts* counts = nullptr;  // of its name
  Due due{};
  Schedule::Key key = 0;  // in the schedule; 0: it does not wait
  bool is_running = false;
  bool is_cancelled = false;
  runtime::ConePtr promised{};  // it was due, and there was no thread; what it runs in, also when its instance is over
};

Tasks::Tasks(sql::Sql& databases, unsigned threads, const runtime::RetryRules& rules, Schedule::Now now)
    : now_(now),
      pool_(threads, kMostQueued),
      durable_(databases, pool_, rules, now),
      schedule_([this](Schedule::Key key) { begin_due(key); }, [this] { begin_calendars_anew(); }, std::move(now)) {}
Tasks::~Tasks() = default;

std::span<const runtime::Offer> Tasks::offers() noexcept {
  static const std::array kOffers{runtime::Offer{MORTISE_TASKS_V1, &tasks_table()}};
  return kOffers;
}

const void* Tasks::interface(std::string_view id) const noexcept { return runtime::find_offer(offers(), id); }

base::Result<void> Tasks::initialised(const Generation& generation) {
  return durable_.handlers().check_complete(generation);
}

base::Result<Timing> Tasks::check(const Generation& generation, const mortise_task_v1& task) {
  if (!generation.spec().manifest->names_interface(MORTISE_TASKS_V1)) {
    return Error{ErrorCode::failed_precondition,
                 "the plugin has no tasks: name \"mortise.tasks/1\" in the manifest's \"interfaces\""};
  }
  if (!MORTISE_HAS(mortise_task_v1, &task, run) || task.run == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "a task without `run`, or a struct_size that is too small; set it to sizeof(mortise_task_v1)"};
  }
  const auto name = to_view(task.name);
  if (name.size() > kMostNameBytes)
    return refuse(ErrorCode::invalid_argument, task, "has a name of more than 64 bytes");
  if (task.cron.size > kMostTimeBytes || task.time_zone.size > kMostTimeBytes) {
    return refuse(ErrorCode::invalid_argument, task, "has a calendar or a time zone of more than 1024 bytes");
  }
  const auto to_ms = [](std::uint64_t ms) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min<std::uint64_t>(ms, INT64_MAX / 1'000'000)));
  };
  auto timing = Timing::make(to_ms(task.delay_ms), to_ms(task.every_ms), to_view(task.cron), to_view(task.time_zone));
  if (!timing) return refuse(timing.error().code, task, "has no time: " + timing.error().message);
  if (timing->comes_again() && name.empty()) {
    return Error{ErrorCode::invalid_argument, "a task that comes again has a name; give it one"};
  }
  return timing;
}

base::Result<void> Tasks::add(const Generation& generation, const mortise_task_v1& given) {
  const auto timing = check(generation, given);
  if (!timing) return timing.error();
  auto task = std::make_shared<Task>(Task{.generation = &generation,
                                          .tag = given.tag,
                                          .name = std::string(to_view(given.name)),
                                          .timing = *timing,
                                          .self = given.self,
                                          .run = given.run});
  const std::lock_guard lock(mutex_);
  auto& instance = instances_[&generation];
  if (instance.is_over) return is_over(given);
  if (instance.tasks.size() >= kMostTasks) return too_many(given);
  if (instance.tasks.contains(given.tag)) return is_there(given);
  if (timing->comes_again() && !instance.names.insert(task->name).second) return is_there(given);
  task->counts = counts_of(generation.name(), task->name, timing->comes_again());
  task->due = timing->first(now_());
  instance.tasks.emplace(task->tag, task);
  if (instance.cone != nullptr) wait_for(task);
  return {};
}

base::Result<void> Tasks::cancel(const Generation& generation, std::uint64_t tag) {
  runtime::ConePtr promised;  // let go of without the mutex
  const std::lock_guard lock(mutex_);
  const auto instance = instances_.find(&generation);
  if (instance == instances_.end()) return is_missing();
  const auto found = instance->second.tasks.find(tag);
  if (found == instance->second.tasks.end()) return is_missing();
  const auto task = found->second;
  task->is_cancelled = true;
  promised = std::move(task->promised);
  if (task->key != 0) {
    schedule_.remove(task->key);
    scheduled_.erase(task->key);
  }
  std::erase(late_, task);
  if (task->timing.comes_again()) instance->second.names.erase(task->name);
  instance->second.tasks.erase(found);
  return {};
}

Tasks::Counts* Tasks::counts_of(const std::string& plugin, const std::string& name, bool comes_again) {
  auto& names = counts_[plugin];
  const auto most = comes_again ? kMostRecurringNames : kMostCountedNames;
  const bool has_its_own = names.size() < most || names.contains(name);
  return &names[has_its_own ? name : std::string()];
}

std::vector<TaskReport> Tasks::report(const std::string& plugin) {
  const std::lock_guard lock(mutex_);
  const auto names = counts_.find(plugin);
  if (names == counts_.end()) return {};
  std::unordered_map<const Counts*, std::uint64_t> waiting;
  for (const auto& [generation, instance] : instances_) {
    if (generation->name() != plugin) continue;
    for (const auto& [tag, task] : instance.tasks) waiting[task->counts] += task->is_running ? 0 : 1;
  }
  std::vector<TaskReport> all;
  for (const auto& [name, counts] : names->second) {
    all.push_back({.name = name,
                   .waiting = waiting[&counts],
                   .running = counts.running,
                   .ran = counts.ran,
                   .failed = counts.failed});
  }
  return all;
}

void Tasks::wait_for(const TaskPtr& task) { wait_until(task, task->due); }

void Tasks::wait_until(const TaskPtr& task, const Due& due) {
  task->key = ++last_key_;
  scheduled_.emplace(task->key, task);
  schedule_.put(task->key, due);
}

/// The clock on the wall was wrong: what goes by it would wait until it is as late as it was.
void Tasks::begin_calendars_anew() {
  const std::lock_guard lock(mutex_);
  const auto now = now_();
  std::erase_if(rhythms_, [](const auto& rhythm) { return rhythm.second.wall.has_value(); });
  std::vector<TaskPtr> by_calendar;
  for (const auto& [key, task] : scheduled_) {
    if (task->due.wall) by_calendar.push_back(task);
  }
  for (const auto& task : by_calendar) {
    schedule_.remove(task->key);
    scheduled_.erase(task->key);
    task->due = task->timing.first(now);
    wait_for(task);
  }
}

/// On the schedule's thread.
void Tasks::begin_due(Schedule::Key key) {
  const std::lock_guard lock(mutex_);
  const auto found = scheduled_.find(key);
  if (found == scheduled_.end()) return;  // it was cancelled just now
  const auto task = found->second;
  scheduled_.erase(found);
  task->key = 0;
  begin_in_turn(task);
}

/// Else it is late.
void Tasks::begin_in_turn(const TaskPtr& task) {
  const bool is_taken = task->timing.comes_again() && under_way_.contains({task->generation->name(), task->name});
  if (!is_started_ || is_taken) {
    late_.push_back(task);
    return;
  }
  const auto instance = instances_.find(task->generation);
  if (instance != instances_.end() && instance->second.cone != nullptr) return begin(task, instance->second.cone);
  if (auto promised = std::move(task->promised)) begin(task, promised);
}

void Tasks::begin(const TaskPtr& task, const runtime::ConePtr& cone) {
  task->is_running = true;
  const bool is_posted =
      pool_.post(pool_owner(*task->generation), pool_.share_of(0), [this, task, cone] { run(task, cone); });
  if (!is_posted) {
    task->is_running = false;
    if (!std::exchange(has_told_of_no_thread_, true)) {
      telemetry::log(telemetry::Level::warning, "tasks", "tasks wait: the system has no thread for them",
                     {{"plugin", task->generation->name()}, {"task", task->name}});
    }
    task->promised = cone;
    return wait_until(task, {.steady = now_().steady + kWithoutThread});
  }
  task->promised = nullptr;  // whoever runs it has it
  has_told_of_no_thread_ = false;
  ++task->counts->running;
  if (task->timing.comes_again()) under_way_[{task->generation->name(), task->name}] = task;
}

void Tasks::run(const TaskPtr& task, const runtime::ConePtr& cone) {
  const auto body = [&](mortise_error* error) { return task->run(task->self, task->tag, error); };
  end(task, run_body(cone, {.name = task->name}, body).status != MORTISE_OK);
}

/// It has run: waits for the next time, or is over.
void Tasks::end(const TaskPtr& task, bool has_failed) {
  const std::lock_guard lock(mutex_);
  task->is_running = false;
  --task->counts->running;
  ++task->counts->ran;
  if (has_failed) ++task->counts->failed;
  leave(*task);
  const auto found = instances_.find(task->generation);
  if (task->is_cancelled || found == instances_.end()) return;
  auto& instance = found->second;
  if (!task->timing.comes_again() || instance.is_over) {
    instance.tasks.erase(task->tag);
    return;
  }
  task->due = task->timing.next(task->due, now_());
  wait_for(task);
}

/// Whoever of its name was due meanwhile comes next: at once, or by the calendar, which makes up for nothing.
void Tasks::leave(const Task& task) {
  const auto found = under_way_.find({task.generation->name(), task.name});
  if (found == under_way_.end() || found->second.get() != &task) return;  // it comes once, or its instance was cut
  under_way_.erase(found);
  if (under_way_.empty()) idle_.notify_all();
  if (!is_started_) return;
  const auto is_next = [&](const TaskPtr& one) {
    return one->name == task.name && one->generation->name() == task.generation->name();
  };
  const auto rest = std::stable_partition(late_.begin(), late_.end(), [&](const auto& one) { return !is_next(one); });
  const std::vector<TaskPtr> next(rest, late_.end());
  late_.erase(rest, late_.end());
  for (const auto& one : next) {
    if (one->due.wall) {
      one->due = one->timing.next(one->due, now_());
      wait_for(one);
    } else {
      begin_in_turn(one);
    }
  }
}

void Tasks::cut(const Generation& generation) {
  durable_.abandon(generation);
  std::vector<runtime::ConePtr> promised;  // let go of without the mutex
  const std::lock_guard lock(mutex_);
  if (const auto found = instances_.find(&generation); found != instances_.end()) {
    for (const auto& [tag, task] : found->second.tasks) {
      if (task->promised != nullptr) promised.push_back(std::move(task->promised));
    }
  }
  std::vector<TaskPtr> left;
  for (const auto& [named, task] : under_way_) {
    if (task->generation == &generation) left.push_back(task);
  }
  for (const auto& task : left) leave(*task);
}

/// Cones that a release shares with the one before it are bound as they were.
void Tasks::publish(const runtime::ReleasePtr& next) {
  const auto before = std::exchange(cones_, next->cones());
  std::vector<runtime::ConePtr> bound;
  std::vector<const runtime::Cone*> gone;
  for_each_difference(before, cones_, [&](const auto* old, const auto* now) {
    if (now != nullptr) {
      bound.push_back(*now);
    } else {
      gone.push_back(old->get());
    }
  });
  for (const auto* const one : gone) unbind(*one);  // first: who comes takes over their rhythm
  for (const auto& cone : bound) bind(cone);
  durable_.publish(bound, gone);
}

void Tasks::bind(const runtime::ConePtr& cone) {
  const auto& generation = *cone->entry;
  runtime::ConePtr former;
  const std::lock_guard lock(mutex_);
  const auto found = instances_.find(&generation);
  if (found == instances_.end()) {
    // It may still come to have some.
    if (!generation.spec().manifest->names_interface(MORTISE_TASKS_V1)) return;
  }
  auto& instance = instances_[&generation];
  former = std::exchange(instance.cone, cone);
  if (former != nullptr) return;  // its tasks wait already
  for (const auto& [tag, task] : instance.tasks) {
    const auto rhythm = rhythms_.find({generation.name(), task->name});
    if (task->timing.comes_again() && rhythm != rhythms_.end() &&
        rhythm->second.wall.has_value() == task->due.wall.has_value()) {
      task->due.steady = std::min(task->due.steady, rhythm->second.steady);
      if (task->due.wall) task->due.wall = std::max(*task->due.wall, *rhythm->second.wall);
    }
    wait_for(task);
  }
  std::erase_if(rhythms_, [&](const auto& entry) { return entry.first.first == generation.name(); });
}

/// What is due runs; all else is dropped.
void Tasks::unbind(const runtime::Cone& cone) {
  const auto& generation = *cone.entry;
  runtime::ConePtr held;
  std::size_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = instances_.find(&generation);
    if (found == instances_.end()) return;
    auto& instance = found->second;
    held = std::exchange(instance.cone, nullptr);
    instance.is_over = true;
    const auto now = now_();
    for (auto task = instance.tasks.begin(); task != instance.tasks.end();) {
      const auto& one = *task->second;
      if (one.timing.comes_again()) {
        rhythms_[{generation.name(), one.name}] = one.is_running ? one.timing.next(one.due, now) : one.due;
      }
      if (one.key != 0) {
        schedule_.remove(one.key);
        scheduled_.erase(one.key);
      }
      std::erase(late_, task->second);
      const bool is_promised = !one.timing.comes_again() && one.due.has_come(now) && is_started_;
      if (is_promised && !one.is_running) begin(task->second, held);
      const bool is_to_come = one.is_running || (is_promised && one.promised != nullptr);
      if (!is_to_come && !one.timing.comes_again()) ++dropped;
      task = is_to_come ? std::next(task) : instance.tasks.erase(task);
    }
  }
  if (dropped == 0) return;
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(), {});
  telemetry::log(telemetry::Level::info, "tasks", "tasks that were not due yet end with their instance",
                 {{"count", std::to_string(dropped)}});
}

void Tasks::forget(const Generation& generation) {
  durable_.handlers().forget(generation);
  const std::lock_guard lock(mutex_);
  const auto found = instances_.find(&generation);
  if (found == instances_.end()) return;
  for (const auto& [tag, task] : found->second.tasks) {
    task->is_cancelled = true;
    if (task->key == 0) continue;
    schedule_.remove(task->key);
    scheduled_.erase(task->key);
  }
  instances_.erase(found);
}

void Tasks::start(std::chrono::milliseconds others_submit_for) {
  durable_.start(others_submit_for);
  const std::lock_guard lock(mutex_);
  is_started_ = true;
  for (const auto& task : std::exchange(late_, {})) begin_in_turn(task);
}

base::Result<void> Tasks::pause(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  if (auto paused = durable_.pause(deadline, giving_up); !paused) return paused;
  const auto now = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  is_started_ = false;
  idle_.wait_until(lock, giving_up, now + (deadline - now) / 2, [this] { return under_way_.empty(); });
  for (const auto& [named, task] : under_way_) {
    telemetry::log(telemetry::Level::warning, "tasks", "a task goes on while another host may begin it",
                   {{"plugin", named.first}, {"task", named.second}});
  }
  return {};
}

std::size_t Tasks::stop(std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  schedule_.stop();
  {
    const std::lock_guard lock(mutex_);
    is_started_ = false;
  }
  const auto left_at_desk = durable_.stop(deadline);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left_at_desk + pool_.stop(std::max(left, std::chrono::milliseconds(0)));
}

}  // namespace mortise::tasks
