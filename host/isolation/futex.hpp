// Waiting for a word of shared memory that somebody, of this process or another one, is to change.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace mortise::isolation {

/// Until it is woken, unless the word is another one than `seen` already. May return for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen) noexcept;
/// Likewise, and no longer than that.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen, std::chrono::nanoseconds limit) noexcept;
/// Wakes so many that wait for the word.
void futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept;

/// So long a side that is awake is waited for without sleeping: about what going to sleep and being woken takes, so
/// that nobody loses more than twice of what the better of the two would have taken.
inline constexpr std::chrono::microseconds kLongestLook{50};

/// Looks so long whether it is so; true as soon as it is. Whoever is to make it so may need the same core: after a
/// while it is given up between two looks.
template <class Condition>
bool look_for(const Condition& is_so) noexcept {
  constexpr unsigned kLooksAtOnce = 100;
  const auto until = std::chrono::steady_clock::now() + kLongestLook;
  do {
    for (unsigned i = 0; i < kLooksAtOnce; ++i) {
      if (is_so()) return true;
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
    std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < until);
  return is_so();
}

}  // namespace mortise::isolation
