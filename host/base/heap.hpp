// How the C library's heap of a thread grows.
#pragma once

namespace mortise::base {

/// Lets the calling thread allocate some MiB before its heap has to grow: the C library grows the heap of any thread but
/// the first page by page, with a system call for each. Takes address space, and no memory until it is used.
void widen_heap() noexcept;

}  // namespace mortise::base
