// The places in shared memory in which a worker asks its host for something, and waits for what comes of it: the
// worker's side of OutgoingMemory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "isolation/host_link.hpp"

namespace mortise::isolation {

/// One per worker, which never ends. Any thread.
class OutgoingPlaces {
 public:
  explicit OutgoingPlaces(HostLink& link);

  /// Nothing: all of them are taken.
  std::optional<std::uint32_t> take();
  /// Waits until one is free: for what must not fail.
  std::uint32_t wait_for_one();
  void give_back(std::uint32_t place);

  /// Before the host hears of the place: what it wants to know, in its own memory or in that block of the heap, which
  /// the caller frees when the outcome is there.
  void ask(std::uint32_t place, const Wanted& wanted);
  /// Until the outcome is there.
  Outcome wait(std::uint32_t place);
  /// What the outcome points to is not needed any more.
  void done_with(std::uint32_t place, const Outcome& outcome);

  [[nodiscard]] OutgoingMemory& memory(std::uint32_t place) const noexcept;

 private:
  HostLink& link_;
  std::mutex mutex_;
  std::condition_variable given_back_;
  std::vector<std::uint32_t> free_;  // guarded by mutex_
};

}  // namespace mortise::isolation
