// Threads for handlers that are known to wait. Grows with the work up to a limit, and shrinks with it: who has waited
// for the shortest time gets the next task, so that a trickle keeps few threads and the others end. Each plugin has a
// queue of its own and a share of the threads: one whose handlers all wait leaves the others theirs. What does not fit
// into a queue is the caller's to refuse.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::runtime {

/// Any thread may post.
class BlockingPool {
 public:
  /// `max_queued` tasks of one owner may wait. A thread that had nothing to do for `idle` ends.
  BlockingPool(unsigned max_threads, std::size_t max_queued, std::chrono::milliseconds idle = std::chrono::seconds(10))
      : max_threads_(max_threads), max_queued_(max_queued) {
    state_->idle_limit = idle;
  }
  ~BlockingPool() { stop(std::chrono::milliseconds(0)); }

  /// `owner` is whom the task is done for, of whose tasks at most `share` are at work at a time, as the last post says.
  /// Owners take turns. False when so many are, and the owner's queue is full, when there is no thread and none can be
  /// started, or after stop().
  bool post(std::string_view owner, std::size_t share, std::function<void()> task);

  /// What an owner gets that is limited to so many threads; 0: half of the pool's.
  [[nodiscard]] std::size_t share_of(unsigned limit) const noexcept;

  /// Drops what is queued and ends the threads; those still in a handler after `patience` are left behind. Returns
  /// their number.
  std::size_t stop(std::chrono::milliseconds patience);

 private:
  struct Owner {
    std::deque<std::function<void()>> waiting;
    std::size_t running = 0;
    std::size_t share = 1;
    bool is_listed = false;  // in `turns`
    [[nodiscard]] bool can_run() const { return !waiting.empty() && running < share; }
  };
  using Owners = std::map<std::string, Owner, std::less<>>;
  /// A thread that waits for a turn, if it is one of `waiters`. Whoever calls it lets the mutex go first: the thread
  /// may run at once, and would wait for that.
  struct Waiter {
    std::condition_variable woken;
    bool is_called = false;
  };
  using WaiterPtr = std::shared_ptr<Waiter>;
  struct State {
    std::mutex mutex;
    std::condition_variable ended;       // one thread less
    Owners owners;                       // those that have something here
    std::deque<Owners::iterator> turns;  // those that can run, each once
    std::vector<WaiterPtr> waiters;      // who came last is called first
    std::size_t called = 0;              // no waiters any more, and not at work yet
    std::size_t threads = 0;
    std::chrono::milliseconds idle_limit{0};
    bool is_stopping = false;

    void list(Owners::iterator owner);
    [[nodiscard]] std::size_t runnable() const;
    [[nodiscard]] WaiterPtr call_one();
    bool await_turn(std::unique_lock<std::mutex>& lock, const WaiterPtr& here);
    void run_next(std::unique_lock<std::mutex>& lock);
  };
  static void wake(const WaiterPtr& waiter);
  static void work(const std::shared_ptr<State>& state, const WaiterPtr& here);
  static void take_back(State& state, Owners::iterator owner);

  const unsigned max_threads_;
  const std::size_t max_queued_;
  // Shared with the threads, which may outlive the pool; every member is guarded by its mutex.
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace mortise::runtime
