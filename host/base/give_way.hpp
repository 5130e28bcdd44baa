// How work that nobody waits for shares a core with the threads that answer requests.
#pragma once

#include <thread>

namespace mortise::base {

/// Between two pieces of such work: lets others run first. A thread that has got a core keeps it until it waits for
/// something or the kernel's next tick comes (4 ms where HZ is 250), and so long every request on that core waits, too.
/// Costs a system call when nobody else wants the core. Any thread.
inline void give_way() noexcept { std::this_thread::yield(); }

/// What the calling thread does comes in small pieces: it asks for short turns, and so gets its next one before threads
/// that compute have had all of theirs (3 ms, say), without having more in all. Linux before 6.12 does not listen.
/// Those that it starts do likewise, until they take_usual_turns().
void ask_for_short_turns() noexcept;
void take_usual_turns() noexcept;

}  // namespace mortise::base
