// Who makes a handler's calls of others. The first goes over the ring of completions, and its plugin's attendant finds
// a thread of the host's for it; that thread stays with the handler and makes the next ones, too, of which it hears
// through a word of the call's memory. A handler that calls often costs two threads that take turns, and nobody else.
//
//  code     | what it says                                | goes over to
//  nobody   | the next call goes over the ring            | waits (host: a thread has made one, and stays)
//  waits    | that thread waits for the next call         | a place (worker: a call is there), nobody (worker: the
//           |                                             | handler has returned; host: it has waited for too long)
//  a place  | its number: a call that the thread is to    | waits
//           | make                                        |
//
// The rest of the word is the ticket of the request, so that a thread that is late takes nothing of the next one's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "isolation/area.hpp"

namespace mortise::isolation::calling {

// --- The host's side.
/// Before the handler hears of the outcome of a call: the next one may come to this thread.
void stay(CallMemory& call, std::uint64_t sequence) noexcept;
/// What the handler calls next; nothing: it has returned, or has not called anybody for so long, and the next call goes
/// over the ring. The number may be any: the worker has written it.
std::optional<std::uint32_t> wait(CallMemory& call, std::uint64_t sequence, std::chrono::nanoseconds limit) noexcept;
/// The worker is gone: nobody is to be waited for.
void end(CallMemory& call) noexcept;

// --- The worker's, on the handler's thread.
/// False: nobody waits for the call in that place.
bool hand_over(CallMemory& call, std::uint32_t place) noexcept;
/// Around a handler: whoever waits for its next call may go when it has returned.
class Handler {
 public:
  explicit Handler(CallMemory& call) noexcept : call_(call) {}
  ~Handler() { end(call_); }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

 private:
  CallMemory& call_;
};

}  // namespace mortise::isolation::calling
