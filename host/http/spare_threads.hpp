// Keeps every loop polled although handlers may block. One watch thread glances at the seats while anything happens,
// and looks again a millisecond later when it sees a handler at work; when every seat of a loop is held by the same
// handler call as a look before, a spare thread enters the loop, and it leaves when another seat is free again. The
// same thread sees when a request's time is up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "http/seat.hpp"

namespace mortise::http {

class Loop;

/// Owned by the server's shared state; start() and stop() once each, from one thread.
class SpareThreads {
 public:
  /// At most `limit` spare threads at a time over all loops.
  explicit SpareThreads(unsigned limit) : limit_(limit) {}
  ~SpareThreads() { stop(); }

  void start(std::vector<Loop*> loops);
  void stop();

  /// A handler begins while the watch is parked, or a deadline comes before those that it knows. Any thread.
  void unpark() noexcept;
  [[nodiscard]] bool is_parked() const noexcept { return is_parked_.load(std::memory_order_seq_cst); }

 private:
  /// What a look has seen since the last one, the greatest of all seats.
  enum class Activity { none, passing, inside };

  void watch();
  Activity look();
  Activity look_at(Loop& loop, Seat::Time now);
  [[nodiscard]] Seat::Time next_deadline() const;

  const unsigned limit_;
  std::vector<Loop*> loops_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_stopping_ = false;  // guarded by mutex_
  // Parking is a store here and a load there against the seat's store and this load (Dekker): in any order one of
  // the two sees the other, so no handler begins unseen. Hence sequentially consistent on both sides.
  std::atomic<bool> is_parked_{false};
  std::vector<const Connection*> late_;  // of one look, the watch's own
  std::thread thread_;
};

}  // namespace mortise::http
