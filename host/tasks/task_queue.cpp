#include "tasks/task_queue.hpp"

#include <algorithm>
#include <exception>
#include <new>

#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "tasks/task_body.hpp"
#include "telemetry/log.hpp"

namespace mortise::tasks {
namespace {

// What was done is done again after a crash unless it was written: so long it may wait for more.
constexpr std::chrono::milliseconds kUnwritten{50};
// After so many runs, what has come of them is written whether or not more is to come.
constexpr std::size_t kMostUnwritten = 512;

}  // namespace

std::shared_ptr<TaskQueue> TaskQueue::make(std::string plugin, std::shared_ptr<sql::Database> database,
                                           const QueueMeans& means) {
  auto made = std::make_shared<TaskQueue>(std::move(plugin), std::move(database), means);
  made->database_->listen(sql::News::tasks, made);
  return made;
}

TaskQueue::TaskQueue(std::string plugin, std::shared_ptr<sql::Database> database, const QueueMeans& means)
    : plugin_(std::move(plugin)), database_(std::move(database)), means_(means) {}

void TaskQueue::run(runtime::ConePtr cone, HandlerMap handlers) {
  {
    const std::lock_guard lock(mutex_);
    std::swap(cone_, cone);  // the former may be the last to hold a generation, and goes without the lock
    handlers_ = std::move(handlers);
    is_waiting_ = false;
  }
  wake();
}

void TaskQueue::rest() {
  runtime::ConePtr former;
  {
    const std::lock_guard lock(mutex_);
    std::swap(cone_, former);
    handlers_.clear();
    forget_ready();
    is_urgent_ = true;  // nobody may hold this after the next turn
  }
  wake();
}

void TaskQueue::set_owner(bool is_owner, std::chrono::steady_clock::time_point others_submit_until) {
  {
    const std::lock_guard lock(mutex_);
    is_owner_ = is_owner;
    others_submit_until_ = others_submit_until;
    if (!is_owner) {
      forget_ready();
      is_urgent_ = true;
    }
  }
  wake();
}

base::Result<void> TaskQueue::settle(std::chrono::steady_clock::time_point deadline, const std::stop_token& giving_up) {
  {
    std::unique_lock lock(mutex_);
    if (!idle_.wait_until(lock, giving_up, deadline, [this] { return runs_under_way_ == 0; })) {
      return base::Error{base::ErrorCode::deadline_exceeded,
                         "plugin '" + plugin_ + "' is still at a durable task; it was waited for until the deadline"};
    }
    is_urgent_ = true;
  }
  const std::lock_guard turn(turn_mutex_);
  const auto written = write();
  if (written) return {};
  return base::Error{written.error().code, "what has come of the durable tasks of plugin '" + plugin_ +
                                               "' cannot be written to its database: " + written.error().message};
}

void TaskQueue::abandon(const runtime::Generation& generation) {
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto is_its = [&](const auto& one) { return one.second.generation == &generation; };
    const auto count = static_cast<std::size_t>(std::count_if(under_way_.begin(), under_way_.end(), is_its));
    if (count == 0) return;
    for (const auto& one : under_way_) {
      if (!is_its(one)) continue;
      const bool has_begun = one.second.attempt > 0;
      note(one.second, {.end = has_begun ? End::failed : End::gone,
                        .error = "deadline_exceeded: its handler had not returned when the plugin's version went"});
    }
    std::erase_if(under_way_, is_its);
    workers_ -= count;
    runs_under_way_ -= count;
    idle_.notify_all();
    workers = count_new_workers();
  }
  post(workers);
  wake();
}

bool TaskQueue::may_begin() const { return is_owner_ && cone_ != nullptr && time_to_wait().count() == 0; }

std::chrono::milliseconds TaskQueue::time_to_wait() const {
  if (!is_waiting_) return std::chrono::milliseconds(0);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(waits_until_ - Clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

/// They are to be posted by who has asked.
std::size_t TaskQueue::count_new_workers() {
  if (!may_begin()) return 0;
  const auto wanted = std::min(means_.pool.share_of(0), under_way_.size() + ready_.size());
  const auto fresh = wanted - std::min(wanted, workers_);
  workers_ += fresh;
  return fresh;
}

void TaskQueue::forget_ready() {
  for (const auto& task : ready_) known_.erase(task.id);
  ready_.clear();
  windows_.clear();
}

/// Each for one task, so that those of memory have their turns between them.
void TaskQueue::post(std::size_t workers) {
  if (workers == 0) return;
  std::string owner;
  {
    const std::lock_guard lock(mutex_);
    owner = cone_ == nullptr ? plugin_ : pool_owner(*cone_->entry);
  }
  for (std::size_t i = 0; i < workers; ++i) {
    if (means_.pool.post(owner, means_.pool.share_of(0), [self = shared_from_this()] { self->work(); })) continue;
    // There is no thread, or the host ends.
    {
      const std::lock_guard lock(mutex_);
      workers_ -= workers - i;
    }
    return wake_in(kAfterFault);
  }
}

/// On a thread of the pool.
void TaskQueue::work() {
  Begun begun;
  const bool has_run = take_next(begun);
  if (has_run && !finish(begun, perform(begun))) return;  // abandoned, and this thread's place with it
  begun.cone.reset();                                     // before anybody hears that nothing is under way
  bool goes_on = false;
  {
    const std::lock_guard lock(mutex_);
    if (has_run) --runs_under_way_;
    if (runs_under_way_ == 0) idle_.notify_all();
    goes_on = may_begin() && !ready_.empty();
    if (!goes_on) --workers_;
  }
  if (goes_on) post(1);
}

/// False: there is none that may begin.
bool TaskQueue::take_next(Begun& begun) {
  const std::lock_guard lock(mutex_);
  while (may_begin() && !ready_.empty()) {
    auto task = std::move(ready_.front());
    ready_.pop_front();
    --windows_[task.handler].ready;
    const auto handler = handlers_.find(task.handler);
    const bool is_first = task.name.empty() || !names_under_way_.contains({task.handler, task.name});
    if (handler == handlers_.end() || !is_first) {
      known_.erase(task.id);
      has_passed_name_ |= !is_first;
      continue;
    }
    if (!task.name.empty()) names_under_way_.insert({task.handler, task.name});
    begun = {.number = ++runs_, .id = task.id, .handler_name = task.handler, .handler = handler->second, .cone = cone_};
    under_way_.emplace(begun.number, UnderWay{.task = std::move(task), .generation = cone_->entry.get()});
    ++runs_under_way_;
    return true;
  }
  return false;
}

TaskQueue::Outcome TaskQueue::perform(const Begun& begun) {
  const auto found = find(begun.id);
  if (!found) return {.end = End::unread};
  if (!*found) return {.end = End::gone};
  const auto& stored = **found;
  if (!note_attempt(begun.number, stored.attempts + 1)) return {.end = End::gone};
  const mortise_durable_task_v1 task{
      .struct_size = sizeof task,
      .attempt = stored.attempts + 1,
      .id = begun.id,
      .due_ms = stored.due_ms,
      .payload = {reinterpret_cast<const std::uint8_t*>(stored.payload.data()), stored.payload.size()}};
  const auto verdict =
      run_body(begun.cone, {.name = begun.handler_name, .id = std::to_string(begun.id)},
               [&](mortise_error* error) { return begun.handler.run(begun.handler.self, &task, error); });
  if (verdict.status == MORTISE_OK) return {.end = End::done};
  auto error = std::string(base::to_string(runtime::to_code(verdict.status)));
  if (!verdict.reason.empty()) error += ": " + verdict.reason;
  return {.end = verdict.has_begun ? End::failed : End::unbegun, .error = std::move(error)};
}

base::Result<std::optional<StoredTask>> TaskQueue::find(std::int64_t id) {
  try {
    const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
    if (!reading) return reading.error();
    return TaskRows((*reading)->connection()).find(id);
  } catch (const std::bad_alloc&) {
    return base::Error{base::ErrorCode::resource_exhausted, "out of memory"};
  }
}

/// False: it was abandoned before it began.
bool TaskQueue::note_attempt(std::uint64_t number, std::uint32_t attempt) {
  const std::lock_guard lock(mutex_);
  const auto found = under_way_.find(number);
  if (found == under_way_.end()) return false;
  found->second.attempt = attempt;
  return true;
}

/// False: it was abandoned.
bool TaskQueue::finish(const Begun& begun, const Outcome& outcome) {
  bool is_urgent = false;
  {
    const std::lock_guard lock(mutex_);
    const auto place = under_way_.find(begun.number);
    if (place == under_way_.end()) return false;
    const auto ended = std::move(place->second);
    under_way_.erase(place);
    is_urgent = note(ended, outcome);
  }
  if (outcome.end == End::unread) {
    wake_in(kAfterFault);
  } else if (outcome.end == End::unbegun) {
    wake_in(runtime::kPauseOfUnbegun);
    tell_of_wait(outcome);
  } else if (is_urgent) {
    wake();
  } else {
    wake_in(kUnwritten);
  }
  return true;
}

/// Whether a turn is to be taken at once.
bool TaskQueue::note(const UnderWay& ended, const Outcome& outcome) {
  const auto& task = ended.task;
  bool has_waited = false;
  if (outcome.end == End::done || outcome.end == End::failed) has_told_of_wait_ = is_waiting_ = false;
  if (!task.name.empty()) {
    names_under_way_.erase({task.handler, task.name});
    has_waited = std::exchange(has_passed_name_, false);
  }
  switch (outcome.end) {
    case End::done: unwritten_.done.push_back(task.id); break;
    case End::failed:
      unwritten_.failed.push_back(
          {.id = task.id, .handler = task.handler, .attempts = ended.attempt, .error = outcome.error});
      is_urgent_ = true;
      break;
    case End::unbegun: wait_from_now(); [[fallthrough]];
    case End::gone:
    case End::unread: known_.erase(task.id); break;
  }
  const auto& window = windows_[task.handler];
  const bool is_low = window.is_more && window.ready <= kMostReady / 2;
  const bool is_last = under_way_.empty() && ready_.empty();  // nothing more comes to be written with it
  is_urgent_ |= is_last || is_low || !may_begin() || unwritten_.done.size() >= kMostUnwritten;
  return is_urgent_ || has_waited;
}

/// What was to come after it is read again with it, so that it keeps its place.
void TaskQueue::wait_from_now() {
  is_waiting_ = true;
  waits_until_ = Clock::now() + runtime::kPauseOfUnbegun;
  forget_ready();
}

base::Result<std::uint64_t> TaskQueue::replay(std::optional<std::int64_t> id) {
  const auto writing = database_->begin(sql::Database::Access::own, sql::Time::max());
  if (!writing) return writing.error();
  TaskRows rows((*writing)->connection());
  const auto is_there = rows.is_there();
  if (!is_there) return is_there.error();
  if (!*is_there) return std::uint64_t{0};
  auto replayed = rows.replay(id, now_ms());
  if (!replayed) return replayed.error();
  if (const auto committed = (*writing)->commit(); !committed) return committed.error();
  wake();
  return replayed;
}

base::Result<bool> TaskQueue::discard(std::int64_t id) {
  const auto writing = database_->begin(sql::Database::Access::own, sql::Time::max());
  if (!writing) return writing.error();
  TaskRows rows((*writing)->connection());
  auto is_there = rows.is_there();
  if (!is_there || !*is_there) return is_there;
  auto discarded = rows.discard(id);
  if (!discarded) return discarded.error();
  if (const auto committed = (*writing)->commit(); !committed) return committed.error();
  return discarded;
}

base::Result<QueueReport> TaskQueue::report() {
  constexpr std::size_t kMostShown = 100;
  QueueReport report;
  const auto reading = database_->begin(sql::Database::Access::read, sql::Time::max());
  if (!reading) return reading.error();
  TaskRows rows((*reading)->connection());
  const auto is_there = rows.is_there();
  if (!is_there) return is_there.error();
  if (!*is_there) return report;
  auto counts = rows.counts();
  if (!counts) return counts.error();
  for (const bool are_dead : {false, true}) {
    auto tried = rows.tried(are_dead, kMostShown);
    if (!tried) return tried.error();
    report.tried.insert(report.tried.end(), tried->begin(), tried->end());
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, handler] : handlers_) counts->try_emplace(name);
  for (const auto& entry : *counts) {
    const auto& name = entry.first;
    const auto is_its = [&](const auto& one) { return one.second.task.handler == name; };
    report.handlers.push_back(
        {.handler = name,
         .is_handled = handlers_.contains(name),
         .running = static_cast<std::uint64_t>(std::count_if(under_way_.begin(), under_way_.end(), is_its)),
         .counts = entry.second});
  }
  return report;
}

std::int64_t TaskQueue::now_ms() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(means_.now().wall.time_since_epoch()).count();
}

void TaskQueue::wake() noexcept {
  if (is_posted_.exchange(true, std::memory_order_acq_rel)) return;
  try {
    if (means_.desk.post(plugin_, 1, [self = shared_from_this()] { self->take_turn(); })) return;
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): there is no memory, which is as having no thread
  }
  is_posted_.store(false, std::memory_order_release);
  wake_in(kAfterFault);  // there was no thread; or the host ends, and the alarm with it
}

void TaskQueue::wake_in(std::chrono::milliseconds time) noexcept {
  try {
    means_.alarm.wake_at(shared_from_this(), Clock::now() + time);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): whatever is submitted next wakes it
  }
}

/// Once, until something has begun.
void TaskQueue::tell_of_wait(const Outcome& outcome) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_told_of_wait_, true)) return;
  }
  telemetry::log(telemetry::Level::warning, "tasks", "durable tasks wait for their plugin",
                 {{"plugin", plugin_}, {"reason", outcome.error}});
}

void TaskQueue::log_dead(const FailedTask& task) const {
  telemetry::log(telemetry::Level::error, "tasks", "a task was given up",
                 {{"plugin", plugin_},
                  {"task", task.handler},
                  {"id", std::to_string(task.id)},
                  {"attempts", std::to_string(task.attempts)},
                  {"reason", task.error}});
}

/// Once, until it is over.
void TaskQueue::note_fault(const base::Error& error) {
  if (std::exchange(has_fault_, true)) return;
  telemetry::log(telemetry::Level::error, "tasks", "durable tasks wait",
                 {{"plugin", plugin_}, {"reason", error.message}});
}

}  // namespace mortise::tasks
