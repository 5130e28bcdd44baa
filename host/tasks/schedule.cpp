#include "tasks/schedule.hpp"

#include <algorithm>
#include <utility>

namespace mortise::tasks {
namespace {

// The clock on the wall may be put forward while the thread sleeps.
constexpr std::chrono::seconds kLookAgain{10};

}  // namespace

Schedule::Schedule(OnDue on_due, OnPutBack on_put_back, Now now)
    : on_due_(std::move(on_due)),
      on_put_back_(std::move(on_put_back)),
      now_(std::move(now)),
      seen_(now_()),
      thread_([this] { run(); }) {}

Schedule::~Schedule() { stop(); }

void Schedule::put(Key key, const Due& due) {
  {
    const std::lock_guard lock(mutex_);
    dues_[key] = due;
    if (due.wall) {
      wall_.emplace(*due.wall, key);
    } else {
      steady_.emplace(due.steady, key);
    }
    is_changed_ = true;
  }
  changed_.notify_one();
}

bool Schedule::remove(Key key) {
  const std::lock_guard lock(mutex_);
  const auto found = dues_.find(key);
  if (found == dues_.end()) return false;
  const auto& due = found->second;
  if (due.wall) {
    wall_.erase({*due.wall, key});
  } else {
    steady_.erase({due.steady, key});
  }
  dues_.erase(found);
  return true;
}

void Schedule::look() {
  {
    const std::lock_guard lock(mutex_);
    is_changed_ = true;
  }
  changed_.notify_one();
}

void Schedule::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::vector<Schedule::Key> Schedule::take_due() {
  const auto now = now_();
  std::vector<Key> due;
  while (!steady_.empty() && steady_.begin()->first <= now.steady) {
    due.push_back(steady_.begin()->second);
    steady_.erase(steady_.begin());
  }
  while (!wall_.empty() && wall_.begin()->first <= now.wall) {
    due.push_back(wall_.begin()->second);
    wall_.erase(wall_.begin());
  }
  for (const auto key : due) dues_.erase(key);
  return due;
}

/// Against the steady clock, which goes on as ever.
bool Schedule::has_been_put_back() {
  const auto now = now_();
  const auto before = std::exchange(seen_, now);
  return now.wall - before.wall < now.steady - before.steady - kLeap;
}

std::chrono::steady_clock::time_point Schedule::next_look(const Moment& now) const {
  auto next = steady_.empty() ? std::chrono::steady_clock::time_point::max() : steady_.begin()->first;
  if (wall_.empty()) return next;
  const auto left = std::min<std::chrono::system_clock::duration>(wall_.begin()->first - now.wall, kLookAgain);
  return std::min(next, now.steady + std::chrono::ceil<std::chrono::milliseconds>(left));
}

void Schedule::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    is_changed_ = false;
    if (has_been_put_back()) {
      lock.unlock();
      on_put_back_();
      lock.lock();
    }
    const auto due = take_due();
    if (!due.empty()) {
      lock.unlock();
      for (const auto key : due) on_due_(key);
      lock.lock();
      continue;
    }
    const auto has_changed = [this] { return is_changed_ || is_ending_; };
    const auto until = next_look(now_());
    if (until == std::chrono::steady_clock::time_point::max()) {
      changed_.wait(lock, has_changed);
    } else {
      changed_.wait_until(lock, until, has_changed);
    }
  }
}

}  // namespace mortise::tasks
