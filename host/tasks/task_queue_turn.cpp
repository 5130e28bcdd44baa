// What a queue does in its turns.
#include <algorithm>
#include <exception>
#include <iterator>

#include "tasks/task_queue.hpp"

namespace mortise::tasks {
namespace {

using Access = sql::Database::Access;

// Between two writes of what nobody waits for.
constexpr std::chrono::milliseconds kBetweenWrites{50};
// Where somebody submits who does not tell.
constexpr std::chrono::milliseconds kBetweenLooks{200};
// The clock on the wall may be put forward or back while nothing is due.
constexpr std::chrono::milliseconds kLongestSleep{10000};
// How far in the future what was written before now may seem to be: clocks are put right a little all the time.
constexpr std::int64_t kLeapMs = 1000;
// Rows that go in one transaction: who submits waits for it.
constexpr std::size_t kMostMended = 5000;

}  // namespace

void TaskQueue::take_turn() {
  is_posted_.exchange(false, std::memory_order_acq_rel);
  const std::lock_guard turn_lock(turn_mutex_);
  base::Result<void> done = base::Error{base::ErrorCode::resource_exhausted, "out of memory"};
  try {
    done = turn();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): which has been said
  }
  if (done) {
    has_fault_ = false;
  } else {
    note_fault(done.error());
    wake_in(kAfterFault);
  }
}

base::Result<void> TaskQueue::turn() {
  if (auto written = write(); !written) return written;
  {
    const std::lock_guard lock(mutex_);
    if (const auto wait = time_to_wait(); wait.count() > 0) wake_in(wait);
    if (!may_begin() || handlers_.empty()) return {};
  }
  if (auto mended = mend_times(); !mended) return mended;
  return read();
}

/// What there is to write, unless more is to be waited for.
base::Result<void> TaskQueue::write() {
  if (!is_time_to_write()) return {};
  const auto writing = database_->begin(Access::own, sql::Time::max());
  if (!writing) return writing.error();
  TaskRows rows((*writing)->connection());
  const auto now = now_ms();
  const auto is_dead = [this](const FailedTask& task) { return task.attempts >= means_.rules.attempts; };
  for (const auto id : unsaved_.done) {
    if (auto done = rows.forget(id); !done) return done;
  }
  for (const auto& task : unsaved_.failed) {
    const auto due =
        is_dead(task) ? std::nullopt : std::optional(now + means_.rules.pause_after(task.attempts).count());
    if (auto done = rows.note_failure(task, now, due); !done) return done;
  }
  if (auto committed = (*writing)->commit(); !committed) return committed;
  written_at_ = Clock::now();
  const auto written = std::exchange(unsaved_, {});
  for (const auto& task : written.failed) {
    if (is_dead(task)) log_dead(task);
  }
  const std::lock_guard lock(mutex_);
  for (const auto id : written.done) known_.erase(id);
  for (const auto& task : written.failed) known_.erase(task.id);
  return {};
}

/// Takes it over where it is.
bool TaskQueue::is_time_to_write() {
  const std::lock_guard lock(mutex_);
  const auto left = kBetweenWrites - (Clock::now() - written_at_);
  if (!unwritten_.is_empty() && (is_urgent_ || left.count() <= 0)) {
    unsaved_.done.insert(unsaved_.done.end(), unwritten_.done.begin(), unwritten_.done.end());
    std::move(unwritten_.failed.begin(), unwritten_.failed.end(), std::back_inserter(unsaved_.failed));
    unwritten_ = {};
  }
  if (unwritten_.is_empty()) {
    is_urgent_ = false;
  } else {
    wake_in(std::chrono::ceil<std::chrono::milliseconds>(left));
  }
  return !unsaved_.is_empty();
}

/// No row waits longer than it was to when the clock is put back.
base::Result<void> TaskQueue::mend_times() {
  const auto now = now_ms();
  {
    const auto reading = database_->begin(Access::read, sql::Time::max());
    if (!reading) return reading.error();
    const auto is_back = TaskRows((*reading)->connection()).has_begun_after(now + kLeapMs);
    if (!is_back) return is_back.error();
    if (!*is_back) return {};
  }
  const auto writing = database_->begin(Access::own, sql::Time::max());
  if (!writing) return writing.error();
  const auto mended = TaskRows((*writing)->connection()).begin_again(now + kLeapMs, now, kMostMended);
  if (!mended) return mended.error();
  if (auto committed = (*writing)->commit(); !committed) return committed;
  if (*mended == kMostMended) wake();
  return {};
}

base::Result<void> TaskQueue::read() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, handler] : handlers_) names.push_back(name);
    if (Clock::now() < others_submit_until_) wake_in(kBetweenLooks);
  }
  const auto reading = database_->begin(Access::read, sql::Time::max());
  if (!reading) return reading.error();
  TaskRows rows((*reading)->connection());
  const auto now = now_ms();
  for (const auto& name : names) {
    const auto next = rows.next_due(name, now);
    if (!next) return next.error();
    if (*next) wake_in(std::min(std::chrono::milliseconds(**next - now), kLongestSleep));
    if (auto done = read_for(rows, name, now); !done) return done;
  }
  std::size_t workers = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!may_begin()) forget_ready();
    workers = count_new_workers();
  }
  post(workers);
  return {};
}

/// Fills its window, unless half of that is there. Those that are known are due, too, and come among the others.
base::Result<void> TaskQueue::read_for(TaskRows& rows, const std::string& handler, std::int64_t now) {
  std::size_t room = 0;
  std::size_t most = 0;
  {
    const std::lock_guard lock(mutex_);
    auto& window = windows_[handler];
    if (window.ready > kMostReady / 2) {
      window.is_more = true;
      return {};
    }
    room = kMostReady - window.ready;
    most = room + known_.size();
  }
  auto due = rows.due(handler, now, most);
  if (!due) return due.error();
  const std::lock_guard lock(mutex_);
  auto& window = windows_[handler];
  window.is_more = due->size() == most;
  for (auto& task : *due) {
    if (room == 0) {
      window.is_more = true;
      break;
    }
    if (!known_.insert(task.id).second) continue;
    ready_.push_back(std::move(task));
    ++window.ready;
    --room;
  }
  return {};
}

}  // namespace mortise::tasks
