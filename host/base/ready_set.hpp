// Which of many descriptors can be read from or written to, asked of the kernel in one call for all (Linux: epoll).
// A descriptor is told of when it becomes ready, once, not for as long as it stays so: whoever is told must read until
// nothing is left, or remember that something is.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "base/files.hpp"

namespace mortise::base {

/// Any thread may call anything. Throws std::system_error at construction when the system has no descriptor left.
class ReadySet {
 public:
  /// What has become of one descriptor.
  struct Event {
    void* token = nullptr;  // as given to add()
    bool is_readable = false;
    bool is_writable = false;
    bool is_ended = false;  // the peer sends nothing more; to be read like everything else
  };
  static constexpr std::size_t kMaxEvents = 128;

  ReadySet();

  /// From here on tells of it, beginning with what it is ready for; closing the descriptor takes it out. False when
  /// the system has no room for it.
  bool add(int descriptor, void* token);
  /// From here on wakes wait() for it, as wake() does, and tells nothing: for what somebody else reads.
  bool add_waker(int descriptor);
  struct Told {
    std::size_t count = 0;  // of events
    bool is_woken = false;
  };
  /// What has become ready, at most kMaxEvents; waits up to `patience` when nothing has.
  Told wait(std::span<Event> events, std::chrono::milliseconds patience);
  /// Makes a wait() return, the one under way or the next.
  void wake();
  /// Readable while wait() has something to tell.
  [[nodiscard]] int descriptor() const noexcept { return set_.get(); }

 private:
  Descriptor set_;
  Descriptor waker_;
};

}  // namespace mortise::base
