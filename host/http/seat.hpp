// Where a thread of a loop sits: it marks when a handler holds it, so that the watch can send a spare thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/thread_state.hpp"

namespace mortise::http {

class Connection;
class SpareThreads;
struct Route;

/// Whose call holds a thread: a generation, by its number, and a route of it, which nobody looks into; null: its
/// WebSockets.
struct Holder {
  std::uint64_t generation = 0;
  const Route* route = nullptr;
};

/// One per thread that runs a loop; owned by the loop, used by its thread.
class Seat {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Seat(SpareThreads& watch) noexcept : watch_(watch) {}

  /// The seat of the calling thread, or null outside a loop.
  static Seat* current() noexcept;
  /// The calling thread sits down, or with null stands up.
  static void sit(Seat* seat) noexcept;

  /// Around every call into a plugin. leave() says whether the watch saw this call hold the loop.
  void enter(Holder holder) noexcept { enter(holder, nullptr, Time::max()); }
  /// For a request whose time is up at `deadline`.
  void enter(Holder holder, const Connection* request, Time deadline) noexcept;
  bool leave() noexcept;

 private:
  friend class SpareThreads;

  SpareThreads& watch_;
  // Odd while a handler runs. The thread writes, the watch reads: a number that stays the same from one look to the
  // next means the same call. Sequentially consistent, against the watch's parking (see SpareThreads).
  alignas(64) std::atomic<std::uint64_t> sequence_{0};
  // Written before the sequence, read after it. The watch may still see those of the next call: whoever is asked to
  // end makes sure that its time is up, and who holds a thread is a hint. Hence relaxed.
  std::atomic<const Connection*> request_{nullptr};
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<const Route*> route_{nullptr};
  std::atomic<Time> deadline_{Time::max()};
  // Set by the watch when it saw the call; taken by the thread. Only a hint for moving routes: relaxed.
  std::atomic<bool> is_caught_{false};
  // Who sits here: written before the first call, so read after it with the sequence. Relaxed.
  std::atomic<base::ThreadId> thread_{};
  // The watch's own:
  std::uint64_t last_seen_ = 0;
  std::uint64_t last_late_ = 0;              // whose deadline it has seen to
  std::chrono::nanoseconds used_before_{0};  // the thread's CPU time when the call was first seen
  bool is_blocked_ = false;
};

}  // namespace mortise::http
