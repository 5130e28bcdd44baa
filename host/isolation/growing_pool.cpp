#include "isolation/growing_pool.hpp"

#include <new>
#include <system_error>
#include <utility>

#include "telemetry/crash_handler.hpp"

namespace mortise::isolation {

GrowingPool::~GrowingPool() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

bool GrowingPool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > idle_ && threads_.size() < most_) add_thread();
    if (threads_.empty()) {
      tasks_.pop_back();
      return false;
    }
  }
  changed_.notify_one();
  return true;
}

/// Where the system has none to give, what was posted waits for those that there are. Under the mutex.
void GrowingPool::add_thread() {
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {
    return;
  } catch (const std::bad_alloc&) {
    return;
  }
}

void GrowingPool::run() {
  const telemetry::CrashStack stack;  // of plugins that are called
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(lock, [this] { return !tasks_.empty() || is_ending_; });
    --idle_;
    if (tasks_.empty()) return;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    task = nullptr;  // what it holds may be the last of its kind
    lock.lock();
  }
}

}  // namespace mortise::isolation
