// Who has which part of one side's heap in shared memory: a buddy allocator, which keeps one block of each small size
// at hand. What it knows lies in its own process, so that nothing the other side writes can confuse it.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <unordered_map>

namespace mortise::isolation {

/// Any thread.
class BlockHeap {
 public:
  static constexpr std::size_t kLeastBytes = 16384;

  /// `memory` outlives it; its size is a power of two, and at least kLeastBytes.
  explicit BlockHeap(std::span<std::uint8_t> memory);

  /// Null: there is no room in one piece.
  std::uint8_t* allocate(std::uint64_t size);
  [[nodiscard]] bool has(const std::uint8_t* block) const noexcept {
    return block >= memory_.data() && block < memory_.data() + memory_.size();
  }
  /// What allocate() has returned. The pages of a large block go back to the system.
  void free(std::uint8_t* block) noexcept;

 private:
  static constexpr std::size_t kOrders = 48;

  // Under the mutex:
  std::optional<std::uint64_t> take(unsigned order);
  void put(std::uint64_t offset, unsigned order) noexcept;
  void put_kept();

  std::span<std::uint8_t> memory_;
  unsigned top_;  // order of the whole
  std::mutex mutex_;
  std::array<std::set<std::uint64_t>, kOrders> free_;  // guarded by mutex_; offsets, by order
  // Guarded by mutex_: the last one that was freed, by order, neither free nor taken: what comes and goes with each
  // call need not be split and put together again.
  std::array<std::optional<std::uint64_t>, kOrders> kept_;
  std::unordered_map<std::uint64_t, unsigned> taken_;  // guarded by mutex_; orders, by offset
};

}  // namespace mortise::isolation
