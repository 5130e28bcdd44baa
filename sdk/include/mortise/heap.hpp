// Where a plugin's operator new takes memory from: the host, once it has introduced itself, which counts it as the
// plugin's; until then the C library.
#pragma once

#include <mortise/abi/memory.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <mortise/interface.hpp>

namespace mortise::detail {

/// One for each generation: the host loads a copy of the library for each, with variables of its own.
struct CountedHeap {
  mortise_memory_account* account = nullptr;
  // Released with `account`; acquired by any thread that allocates.
  std::atomic<const mortise_memory_v1*> table{nullptr};
};
inline constinit CountedHeap counted_heap;

/// A host without the interface counts nothing. [control-thread]
inline void begin_counting(const mortise_host_v1& host) {
  const auto* const table = find_optional_interface<mortise_memory_v1>(host, MORTISE_MEMORY_V1);
  if (table == nullptr) return;
  counted_heap.account = table->account(host.host);
  counted_heap.table.store(table, std::memory_order_release);
}

/// Null when there is none. `alignment` 0: what suits any type. [any-thread]
inline void* allocate(std::size_t size, std::size_t alignment) noexcept {
  if (const auto* const table = counted_heap.table.load(std::memory_order_acquire)) {
    return table->allocate(counted_heap.account, size, alignment);
  }
  if (alignment == 0) return std::malloc(size == 0 ? 1 : size);
  if (size > SIZE_MAX - (alignment - 1)) return nullptr;
  return std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

/// [any-thread]
inline void release(void* block) noexcept {
  if (const auto* const table = counted_heap.table.load(std::memory_order_acquire)) return table->release(block);
  std::free(block);
}

}  // namespace mortise::detail
