#include "http/blocking_pool.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "telemetry/crash_handler.hpp"

namespace mortise::http {

bool BlockingPool::post(std::function<void()> task) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->is_stopping || (state_->threads >= max_threads_ && state_->queue.size() >= max_queued_)) return false;
    state_->queue.push_back(std::move(task));
    if (state_->queue.size() > state_->idle && state_->threads < max_threads_) {
      ++state_->threads;
      std::thread([state = state_] { work(state); }).detach();
    }
  }
  state_->changed.notify_one();
  return true;
}

void BlockingPool::work(const std::shared_ptr<State>& state) {
  const telemetry::CrashStack stack;
  constexpr std::chrono::seconds kIdle{10};
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    const bool has_work =
        state->changed.wait_for(lock, kIdle, [&] { return !state->queue.empty() || state->is_stopping; });
    --state->idle;
    if (!has_work || state->queue.empty()) break;
    {
      const auto task = std::move(state->queue.front());
      state->queue.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
  --state->threads;
  state->changed.notify_all();
}

std::size_t BlockingPool::stop(std::chrono::milliseconds patience) {
  std::deque<std::function<void()>> dropped;  // and what the tasks hold, outside the lock
  std::unique_lock lock(state_->mutex);
  state_->is_stopping = true;
  state_->queue.swap(dropped);
  state_->changed.notify_all();
  state_->changed.wait_for(lock, patience, [&] { return state_->threads == 0; });
  return state_->threads;
}

}  // namespace mortise::http
