// What all of the host's side of one worker share: the area, who has which part of the host's heap in it, and whether
// the worker keeps to the rules.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "isolation/area.hpp"
#include "isolation/block_heap.hpp"

namespace mortise::isolation {

/// What a worker has done that none does, for which it is killed. Any thread.
class Breach {
 public:
  /// `on_first` has somebody look at it; from any thread.
  explicit Breach(std::function<void()> on_first) : on_first_(std::move(on_first)) {}

  /// The first one counts.
  void note(const std::string& what);
  [[nodiscard]] bool is_noted() const noexcept { return is_noted_.load(std::memory_order_relaxed); }
  /// Empty: nothing.
  [[nodiscard]] std::string what() const;

 private:
  const std::function<void()> on_first_;
  std::atomic<bool> is_noted_{false};  // a value on its own: relaxed
  mutable std::mutex mutex_;
  std::string what_;  // guarded by mutex_
};

struct HostEnd {
  static HostEnd make(std::shared_ptr<Area> area, std::function<void()> on_breach);

  std::shared_ptr<Area> area;
  std::shared_ptr<BlockHeap> heap;
  std::shared_ptr<Breach> breach;
};

}  // namespace mortise::isolation
