// One side's view of a ring in shared memory. What is in this object only its own process can write, so that the other
// one can neither have it overrun nor lead it astray.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "isolation/area.hpp"

namespace mortise::isolation {

/// How sleeping works, on both sides without a lock: a reader counts itself in `sleepers` and then looks once more at
/// the tail; a writer moves the tail and then looks at `sleepers`. All four accesses are sequentially consistent, so
/// that at least one of the two sees the other.

/// Callers see to it that one thread writes at a time.
template <class Entry>
class RingWriter {
 public:
  explicit RingWriter(RingMemory<Entry>& memory) noexcept : memory_(memory), tail_(memory.tail.load()) {}

  enum class Pushed { full, quietly, to_empty };
  /// `to_empty`: whoever reads may sleep; else somebody who has been woken is not done yet.
  Pushed push(const Entry& entry) noexcept {
    if (tail_ - memory_.head.load(std::memory_order_acquire) >= kRingSize) return Pushed::full;
    memory_.entries[tail_ % kRingSize].store(entry);
    memory_.tail.store(++tail_);
    return memory_.head.load() == tail_ - 1 ? Pushed::to_empty : Pushed::quietly;
  }
  /// Entries ever written; and those ever read, as the other side says. Both wrap around.
  [[nodiscard]] std::uint32_t written() const noexcept { return tail_; }
  [[nodiscard]] std::uint32_t read() const noexcept { return memory_.head.load(std::memory_order_relaxed); }
  [[nodiscard]] bool has_sleepers() const noexcept { return memory_.sleepers.load() != 0; }
  /// Whether whoever reads, one entry after the other, is done with the one before which so many had been written: it
  /// has read the next, too. As the other side says.
  [[nodiscard]] bool is_done_with(std::uint32_t written) const noexcept {
    return static_cast<std::int32_t>(memory_.head.load(std::memory_order_acquire) - written - 2) >= 0;
  }
  /// Entries that nobody has read yet; as the other side says.
  [[nodiscard]] std::uint32_t backlog() const noexcept { return tail_ - memory_.head.load(std::memory_order_relaxed); }

 private:
  RingMemory<Entry>& memory_;
  std::uint32_t tail_;
};

/// Callers see to it that one thread reads at a time.
template <class Entry>
class RingReader {
 public:
  explicit RingReader(RingMemory<Entry>& memory) noexcept : memory_(memory), head_(memory.head.load()) {}

  [[nodiscard]] bool is_empty() const noexcept { return memory_.tail.load() == head_; }
  /// Whether the writer claims to have written no more than there is room for.
  [[nodiscard]] bool is_sound() const noexcept {
    return memory_.tail.load(std::memory_order_relaxed) - head_ <= kRingSize;
  }
  std::optional<Entry> pop() noexcept {
    if (is_empty()) return std::nullopt;
    const auto entry = memory_.entries[head_ % kRingSize].load();
    memory_.head.store(++head_);
    return entry;
  }

 private:
  RingMemory<Entry>& memory_;
  std::uint32_t head_;
};

}  // namespace mortise::isolation
