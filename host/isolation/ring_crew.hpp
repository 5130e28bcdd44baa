// Threads of a worker that take numbers out of a ring and do what they stand for: one more than are at work, up to a
// limit.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

#include "isolation/area.hpp"
#include "isolation/ring.hpp"

namespace mortise::isolation {

/// Its threads end with the process, so that it is never destroyed.
class RingCrew {
 public:
  /// `run` does the work, on any of the threads, and must not throw; `limit` says how many there may be, at any time.
  RingCrew(RingMemory<std::uint32_t>& ring, std::function<void(std::uint32_t)> run,
           std::function<std::uint32_t()> limit);

  /// From here on numbers are taken.
  void start();
  /// Until none is at work. Nothing is put into the ring any more.
  void wait_until_idle();

 private:
  bool add_thread();
  void work();
  std::uint32_t take();

  RingMemory<std::uint32_t>& ring_;
  const std::function<void(std::uint32_t)> run_;
  const std::function<std::uint32_t()> limit_;

  std::mutex mutex_;
  std::condition_variable idle_;
  // Guarded by mutex_:
  RingReader<std::uint32_t> numbers_;
  std::uint32_t threads_ = 0;
  std::uint32_t taking_ = 0;   // threads that wait for a number
  std::uint32_t at_work_ = 0;  // threads that have one
};

}  // namespace mortise::isolation
