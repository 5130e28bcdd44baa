#include "runtime/control_thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/give_way.hpp"
#include "base/heap.hpp"
#include "telemetry/crash_handler.hpp"

namespace mortise::runtime {

using Clock = std::chrono::steady_clock;

namespace {

// How long hooks run, one after the other, before they give way: a thousand short ones would do little else.
constexpr std::chrono::microseconds kTurn{500};

}  // namespace

/// One thread and its mailbox; every member is guarded by `mutex`. The thread holds a reference of its own, so that
/// an abandoned worker outlives its ControlThread.
struct ControlThread::Worker {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Hook> hooks;                     // to be run
  bool is_busy = false;                        // from the order to the end of the last hook
  std::size_t ended = 0;                       // hooks of this order
  Clock::time_point started;                   // of the hook that runs
  std::stop_token hurry_token;                 // once it is requested no hook begins any more
  std::optional<Clock::time_point> last_call;  // when the hook that runs must have ended
  bool is_abandoned = false;
  bool is_ending = false;
  std::thread thread;

  static void loop(const std::shared_ptr<Worker>& worker, const std::shared_ptr<std::atomic<std::size_t>>& stuck) {
    const telemetry::CrashStack stack;
    base::widen_heap();
    std::unique_lock lock(worker->mutex);
    for (;;) {
      worker->changed.wait(lock, [&] { return !worker->hooks.empty() || worker->is_ending; });
      if (worker->hooks.empty()) return;
      auto has_run_since = Clock::now();
      for (auto& hook : std::exchange(worker->hooks, {})) {
        if (worker->hurry_token.stop_requested()) break;
        worker->started = Clock::now();
        lock.unlock();
        std::exchange(hook, nullptr)();
        if (Clock::now() - has_run_since >= kTurn) {
          base::give_way();
          has_run_since = Clock::now();
        }
        lock.lock();
        ++worker->ended;
        if (worker->is_abandoned) {
          stuck->fetch_sub(1, std::memory_order_relaxed);
          return;
        }
      }
      worker->is_busy = false;
      worker->changed.notify_all();
    }
  }

  /// Waits for the end of the order; false when one hook has overstayed. Under the mutex.
  bool wait(std::unique_lock<std::mutex>& lock, std::chrono::milliseconds limit) {
    while (is_busy) {
      const auto until = std::min(started + limit, last_call.value_or(Clock::time_point::max()));
      if (Clock::now() >= until) return false;
      changed.wait_until(lock, until);  // comes back early, too: when the next hook has begun, when it is to hurry
    }
    return true;
  }

  void hurry() {
    const std::lock_guard lock(mutex);
    last_call = Clock::now() + kLastWait;
    changed.notify_all();
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

bool ControlThread::run(Hook hook, std::chrono::milliseconds limit) {
  std::vector<Hook> hooks;
  hooks.push_back(std::move(hook));
  return run_until_stuck(std::move(hooks), limit, {}) == 1;
}

std::vector<bool> ControlThread::run_each(std::vector<Hook> hooks, std::chrono::milliseconds limit,
                                          const std::stop_token& hurry) {
  std::vector<bool> ended;
  while (ended.size() < hooks.size() && !hurry.stop_requested()) {
    const auto next = hooks.begin() + static_cast<std::ptrdiff_t>(ended.size());
    ended.insert(ended.end(), run_until_stuck({next, hooks.end()}, limit, hurry), true);
    if (ended.size() < hooks.size()) ended.push_back(false);
  }
  ended.resize(hooks.size(), false);
  return ended;
}

/// How many have ended: all, or those before one that overstayed; those behind it have not begun.
std::size_t ControlThread::run_until_stuck(std::vector<Hook> hooks, std::chrono::milliseconds limit,
                                           const std::stop_token& hurry) {
  if (!worker_) {
    worker_ = std::make_shared<Worker>();
    worker_->thread = std::thread([worker = worker_, stuck = stuck_] { Worker::loop(worker, stuck); });
  }
  {
    const std::lock_guard lock(worker_->mutex);
    worker_->hooks = std::move(hooks);
    worker_->is_busy = true;
    worker_->ended = 0;
    worker_->started = Clock::now();
    worker_->hurry_token = hurry;
    worker_->last_call.reset();
    worker_->changed.notify_all();
  }
  // Takes the mutex, so it is made before that is locked and goes after that is free.
  const std::stop_callback on_hurry(hurry, [worker = worker_] { worker->hurry(); });
  std::unique_lock lock(worker_->mutex);
  const bool is_done = worker_->wait(lock, limit);
  const auto ended = worker_->ended;
  if (is_done) return ended;

  worker_->is_abandoned = true;
  stuck_->fetch_add(1, std::memory_order_relaxed);
  worker_->thread.detach();
  lock.unlock();
  worker_.reset();
  return ended;
}

}  // namespace mortise::runtime
