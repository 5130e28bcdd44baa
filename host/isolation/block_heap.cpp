#include "isolation/block_heap.hpp"

#include <sys/mman.h>
#include <bit>
#include <new>
#include <utility>

namespace mortise::isolation {
namespace {

// From this size on it is worth a system call.
constexpr std::uint64_t kLargeBytes = std::uint64_t{1} << 20U;

std::uint64_t bytes_of(unsigned order) { return std::uint64_t{BlockHeap::kLeastBytes} << order; }

unsigned order_of(std::uint64_t size) {
  const auto units = (size + BlockHeap::kLeastBytes - 1) / BlockHeap::kLeastBytes;
  return units <= 1 ? 0 : static_cast<unsigned>(std::bit_width(units - 1));
}

}  // namespace

BlockHeap::BlockHeap(std::span<std::uint8_t> memory) : memory_(memory), top_(order_of(memory.size())) {
  free_[top_].insert(0);
}

std::uint8_t* BlockHeap::allocate(std::uint64_t size) {
  if (size > memory_.size()) return nullptr;
  const unsigned order = order_of(size);
  const std::lock_guard lock(mutex_);
  auto offset = std::exchange(kept_[order], std::nullopt);
  if (!offset) offset = take(order);
  if (!offset) {
    put_kept();
    offset = take(order);
  }
  if (!offset) return nullptr;
  taken_.emplace(*offset, order);
  return memory_.data() + *offset;
}

/// Out of what is free.
std::optional<std::uint64_t> BlockHeap::take(unsigned wanted) {
  unsigned order = wanted;
  while (order <= top_ && free_[order].empty()) ++order;
  if (order > top_) return std::nullopt;
  // The lowest one: what has been touched before is used again.
  const auto offset = *free_[order].begin();
  free_[order].erase(free_[order].begin());
  while (order > wanted) {
    --order;
    free_[order].insert(offset + bytes_of(order));
  }
  return offset;
}

void BlockHeap::free(std::uint8_t* block) noexcept {
  const auto offset = static_cast<std::uint64_t>(block - memory_.data());
  const std::lock_guard lock(mutex_);
  const auto found = taken_.find(offset);
  if (found == taken_.end()) return;
  const auto order = found->second;
  taken_.erase(found);
  if (bytes_of(order) < kLargeBytes && !kept_[order]) {
    kept_[order] = offset;
    return;
  }
  if (bytes_of(order) >= kLargeBytes) ::madvise(block, bytes_of(order), MADV_REMOVE);
  put(offset, order);
}

/// It is free, together with its neighbours. Where there is no memory to note that, its room is lost.
void BlockHeap::put(std::uint64_t offset, unsigned order) noexcept {
  for (; order < top_; ++order) {
    const auto buddy = free_[order].find(offset ^ bytes_of(order));
    if (buddy == free_[order].end()) break;
    free_[order].erase(buddy);
    offset &= ~bytes_of(order);
  }
  try {
    free_[order].insert(offset);
  } catch (const std::bad_alloc&) {
    return;
  }
}

void BlockHeap::put_kept() {
  for (unsigned order = 0; order < kept_.size(); ++order) {
    if (const auto offset = std::exchange(kept_[order], std::nullopt)) put(*offset, order);
  }
}

}  // namespace mortise::isolation
