// Keeps every loop polled although handlers may block. One watch thread glances at the seats while anything happens,
// and looks again a millisecond later when it sees a handler at work; when every seat of a loop is held by the same
// handler call as a look before, which sleeps or computes and does not only wait for a core, a spare thread enters the
// loop, and it leaves when another seat is free again. Who
// holds a thread is kept off the loops meanwhile: its route, and all of a plugin that holds as many as are its share.
// The same thread sees when a request's time is up.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
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

  /// Whether a call must not have a thread of a loop, since at the last look one of its route, or `share` of its
  /// generation, held one. Any thread; a hint.
  [[nodiscard]] bool is_kept_off(Holder asks, std::size_t share) const noexcept;

 private:
  /// What a look has seen since the last one, the greatest of all seats.
  enum class Activity { none, passing, inside };

  void watch();
  Activity look();
  Activity look_at(Loop& loop, Seat::Time now);
  static bool is_held(Seat& seat);
  void tell_who_holds();
  void fill_up(Loop& loop, std::size_t free);
  [[nodiscard]] Seat::Time next_deadline() const;

  const unsigned limit_;
  std::vector<Loop*> loops_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_stopping_ = false;  // guarded by mutex_
  // Parking is a store here and a load there against the seat's store and this load (Dekker): in any order one of
  // the two sees the other, so no handler begins unseen. Hence sequentially consistent on both sides.
  std::atomic<bool> is_parked_{false};
  // What is_kept_off() goes by. The watch writes, any thread reads, and may see some of a look and some of the next:
  // relaxed. The count is released with the array, which is made at start().
  struct Told {
    std::atomic<std::uint64_t> generation{0};
    std::atomic<const Route*> route{nullptr};
  };
  std::unique_ptr<Told[]> told_;  // one for each seat that there may be
  std::atomic<std::size_t> told_count_{0};
  // Of one look, the watch's own:
  std::vector<const Connection*> late_;
  std::vector<Holder> holding_;
  std::vector<std::size_t> free_;  // seats, by loop
  std::thread thread_;
};

}  // namespace mortise::http
