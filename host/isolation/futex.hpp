// Waiting for a word of shared memory that somebody, of this process or another one, is to change.
#pragma once

#include <algorithm>
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

/// Whether looking has been worth it. Where many threads want the same cores, whoever looks takes from the others what
/// they need to make it so: after looks in vain a thread goes to sleep at once, and tries again ever more seldom. Its
/// thread's alone.
class LookHistory {
 public:
  static LookHistory& of_thread() noexcept;

  [[nodiscard]] bool is_worth_it() noexcept {
    if (to_skip_ == 0) return true;
    --to_skip_;
    return false;
  }
  void note(bool was_worth_it) noexcept {
    constexpr unsigned kMostSkipped = 64;
    skipped_ = was_worth_it ? 0 : std::min(2 * skipped_ + 1, kMostSkipped);
    to_skip_ = skipped_;
  }

 private:
  unsigned skipped_ = 0;  // after the last look
  unsigned to_skip_ = 0;
};

/// Looks so long whether it is so; true as soon as it is. Whoever is to make it so may need the same core: after a
/// while it is given up between two looks. When somebody else has used it meanwhile, sleeping would have been no
/// slower.
template <class Condition>
bool look_for(const Condition& is_so) noexcept {
  using Clock = std::chrono::steady_clock;
  constexpr unsigned kLooksAtOnce = 100;
  constexpr std::chrono::microseconds kOwnTurn{2};  // giving up a core that nobody else wants takes less
  if (is_so()) return true;
  auto& history = LookHistory::of_thread();
  if (!history.is_worth_it()) return false;
  bool is_shared = false;
  auto now = Clock::now();
  const auto until = now + kLongestLook;
  do {
    for (unsigned i = 0; i < kLooksAtOnce; ++i) {
      if (is_so()) {
        history.note(!is_shared);
        return true;
      }
#if defined(__x86_64__) || defined(__i386__)
      __builtin_ia32_pause();
#endif
    }
    const auto given_up = Clock::now();
    std::this_thread::yield();
    now = Clock::now();
    is_shared = is_shared || now - given_up > kOwnTurn;
  } while (now < until);
  history.note(false);
  return is_so();
}

}  // namespace mortise::isolation
