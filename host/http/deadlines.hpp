// When the time of a request is up that is not inside a handler on the loop's own threads: it waits for its turn, runs
// on the blocking pool, was deferred. Those inside a handler on the loop are timed by their seats; most are answered
// before anybody looks, and stand in no list.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

namespace mortise::http {

class Connection;

/// Of one loop; any thread. What stands here is in a request, and removed before that ends: it lives.
class Deadlines {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// A connection's place in the list, guarded by the list's mutex.
  using Place = std::optional<std::multimap<Time, Connection*>::iterator>;

  /// Again for one that is there, or that take_due() has just taken out.
  void add(Connection& connection, Time deadline, Place& place) {
    const std::lock_guard lock(mutex_);
    if (place) list_.erase(*place);
    place = list_.emplace(deadline, &connection);
    earliest_.store(list_.begin()->first, std::memory_order_seq_cst);
  }
  void remove(Place& place) {
    const std::lock_guard lock(mutex_);
    if (!place) return;
    list_.erase(*place);
    place.reset();
    earliest_.store(list_.empty() ? Time::max() : list_.begin()->first, std::memory_order_seq_cst);
  }
  /// Takes out those whose time is up, and calls `notify` for each under the lock.
  void take_due(Time now, const std::function<void(Connection&)>& notify);

  /// max(): there is none.
  [[nodiscard]] Time earliest() const noexcept { return earliest_.load(std::memory_order_seq_cst); }

 private:
  std::mutex mutex_;
  std::multimap<Time, Connection*> list_;  // guarded by mutex_
  // Against the watch's parking, as a seat's sequence (see SpareThreads): sequentially consistent.
  std::atomic<Time> earliest_{Time::max()};
};

}  // namespace mortise::http
