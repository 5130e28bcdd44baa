// Sleeping on a word of shared memory until somebody, of this process or another one, changes it.
#pragma once

#include <atomic>
#include <cstdint>

namespace mortise::isolation {

/// Until it is woken, unless the word is another one than `seen` already. May return for no reason.
void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t seen) noexcept;
/// Wakes so many that wait for the word.
void futex_wake(std::atomic<std::uint32_t>& word, int count) noexcept;

}  // namespace mortise::isolation
