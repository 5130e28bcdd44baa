// Threads for calls that may wait: as many as there are such calls at a time, up to a limit. None ends before the pool
// does.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace mortise::isolation {

/// Any thread.
class GrowingPool {
 public:
  explicit GrowingPool(std::size_t most) : most_(most) {}
  /// Runs what was posted, and waits for it.
  ~GrowingPool();
  GrowingPool(const GrowingPool&) = delete;
  GrowingPool& operator=(const GrowingPool&) = delete;

  /// Has a thread run it, which must not throw. False: there is none, and none can be had; it is not run then.
  bool post(std::function<void()> task);

 private:
  void add_thread();
  void run();

  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  std::size_t idle_ = 0;                     // guarded by mutex_; threads that wait, or are about to
  bool is_ending_ = false;                   // guarded by mutex_
  std::vector<std::thread> threads_;         // guarded by mutex_ until the end
};

}  // namespace mortise::isolation
