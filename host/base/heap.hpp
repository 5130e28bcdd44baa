// How the C library's heaps of the threads grow and shrink.
#pragma once

namespace mortise::base {

/// Lets the calling thread allocate some MiB before its heap has to grow: the C library grows the heap of any thread
/// but the first page by page, with a system call for each. Takes address space, and no memory until it is used.
void widen_heap() noexcept;

/// Gives the system back what is free in the heaps of all threads: the C library keeps what lies between blocks that
/// are in use. Locks each heap in turn for as long as it goes through it, some 30 us for each MiB. Any thread.
void shrink_heaps() noexcept;

}  // namespace mortise::base
