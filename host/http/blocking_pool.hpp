// Threads for handlers that are known to wait. Grows with the work up to a limit; the queue is bounded, and what does
// not fit is the caller's to refuse.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace mortise::http {

/// Any thread may post.
class BlockingPool {
 public:
  BlockingPool(unsigned max_threads, std::size_t max_queued) : max_threads_(max_threads), max_queued_(max_queued) {}
  ~BlockingPool() { stop(std::chrono::milliseconds(0)); }

  /// False when every thread is busy and the queue is full, or after stop().
  bool post(std::function<void()> task);

  /// Drops what is queued and ends the threads; those still in a handler after `patience` are left behind. Returns
  /// their number.
  std::size_t stop(std::chrono::milliseconds patience);

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> queue;
    std::size_t threads = 0;
    std::size_t idle = 0;
    bool is_stopping = false;
  };
  static void work(const std::shared_ptr<State>& state);

  const unsigned max_threads_;
  const std::size_t max_queued_;
  // Shared with the threads, which may outlive the pool; every member is guarded by its mutex.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace mortise::http
