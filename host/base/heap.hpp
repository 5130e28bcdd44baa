// The C library's heap: its blocks, and how the heaps of the threads grow and shrink.
#pragma once

#include <cstddef>

namespace mortise::base {

/// A block at a multiple of `alignment`, a power of two or 0, which is free()'s to take; null: there is none. All its
/// usable_bytes() may be written. Any thread.
void* allocate_block(std::size_t size, std::size_t alignment) noexcept;
/// Of any block of malloc()'s, or of the above: as many as were asked for, or some more.
[[nodiscard]] std::size_t usable_bytes(void* block) noexcept;

/// Lets the calling thread allocate some MiB before its heap has to grow: the C library grows the heap of any thread
/// but the first page by page, with a system call for each. Takes address space, and no memory until it is used.
void widen_heap() noexcept;

/// Gives the system back what is free in the heaps of all threads: the C library keeps what lies between blocks that
/// are in use. Locks each heap in turn for as long as it goes through it, some 30 us for each MiB. Any thread.
void shrink_heaps() noexcept;

}  // namespace mortise::base
