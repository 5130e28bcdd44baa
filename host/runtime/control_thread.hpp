// The one thread on which life-cycle hooks of plugins (init, stop, destroy) run, one after the other, each within a
// time limit. C++ code cannot be stopped from outside: a hook that overstays keeps its thread for itself, is
// counted, and the next hook gets a fresh thread. So one plugin that hangs never keeps the others from starting.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace mortise::runtime {

/// Owned by whoever drives generations; run() from one thread at a time.
class ControlThread {
 public:
  ControlThread();
  /// Joins the thread; abandoned ones are left to the end of the process.
  ~ControlThread();
  ControlThread(const ControlThread&) = delete;
  ControlThread& operator=(const ControlThread&) = delete;

  using Hook = std::function<void()>;

  /// Runs `hook` and waits for it. False: it overstayed `limit` and goes on alone, so it must own all it touches.
  bool run(Hook hook, std::chrono::milliseconds limit);
  /// Runs the hooks in their order, at the cost of one, each within `limit`; for each, whether it has ended. One that
  /// has not is left alone, and those behind it run all the same. Once `hurry` is requested, from any thread, the hook
  /// that runs gets at most kLastWait more, and none of those behind it begins.
  std::vector<bool> run_each(std::vector<Hook> hooks, std::chrono::milliseconds limit,
                             const std::stop_token& hurry = {});
  static constexpr std::chrono::milliseconds kLastWait{1000};

  /// Hooks that have overstayed and not come back. Any thread.
  [[nodiscard]] std::size_t stuck() const noexcept { return stuck_->load(std::memory_order_relaxed); }

 private:
  struct Worker;
  std::size_t run_until_stuck(std::vector<Hook> hooks, std::chrono::milliseconds limit, const std::stop_token& hurry);

  std::shared_ptr<Worker> worker_;
  // Shared with abandoned workers, which take themselves off when they come back; a plain count, orders nothing.
  std::shared_ptr<std::atomic<std::size_t>> stuck_;
};

}  // namespace mortise::runtime
