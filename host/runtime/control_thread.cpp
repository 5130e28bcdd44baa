#include "runtime/control_thread.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace mortise::runtime {

/// One thread and its mailbox; every member is guarded by `mutex`. The thread holds a reference of its own, so that
/// an abandoned worker outlives its ControlThread.
struct ControlThread::Worker {
  std::mutex mutex;
  std::condition_variable changed;
  std::function<void()> hook;  // set: to be run or running
  bool is_abandoned = false;
  bool is_ending = false;
  std::thread thread;

  static void loop(const std::shared_ptr<Worker>& worker, const std::shared_ptr<std::atomic<std::size_t>>& stuck) {
    std::unique_lock lock(worker->mutex);
    for (;;) {
      worker->changed.wait(lock, [&] { return worker->hook || worker->is_ending; });
      if (!worker->hook) return;
      const auto hook = std::move(worker->hook);
      worker->hook = [] {};  // still busy: moved-from would read as idle
      lock.unlock();
      hook();
      lock.lock();
      worker->hook = nullptr;
      worker->changed.notify_all();
      if (worker->is_abandoned) {
        stuck->fetch_sub(1, std::memory_order_relaxed);
        return;
      }
    }
  }
};

ControlThread::ControlThread() : stuck_(std::make_shared<std::atomic<std::size_t>>(0)) {}

ControlThread::~ControlThread() {
  if (!worker_) return;
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->is_ending = true;
  }
  worker_->changed.notify_all();
  worker_->thread.join();
}

bool ControlThread::run(std::function<void()> hook, std::chrono::milliseconds limit) {
  if (!worker_) {
    worker_ = std::make_shared<Worker>();
    worker_->thread = std::thread([worker = worker_, stuck = stuck_] { Worker::loop(worker, stuck); });
  }
  std::unique_lock lock(worker_->mutex);
  worker_->hook = std::move(hook);
  worker_->changed.notify_all();
  if (worker_->changed.wait_for(lock, limit, [&] { return !worker_->hook; })) return true;

  worker_->is_abandoned = true;
  stuck_->fetch_add(1, std::memory_order_relaxed);
  worker_->thread.detach();
  lock.unlock();
  worker_.reset();
  return false;
}

}  // namespace mortise::runtime
