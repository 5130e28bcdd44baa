// The process's operator delete: of what the C++ library frees on a plugin's behalf, much was counted as the plugin's
// when it was allocated (runtime/counted_heap.hpp). It takes blocks of any operator new here: all are malloc's.
//
// Left out of sanitized builds, which have operators of their own: nothing is counted then, as plugins built for them
// have no counting operator new either.
#include <new>

#include "runtime/counted_heap.hpp"

void operator delete(void* block) noexcept { mortise::runtime::free_counted(block); }
void operator delete(void* block, std::size_t /*size*/) noexcept { mortise::runtime::free_counted(block); }
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept { mortise::runtime::free_counted(block); }
void operator delete(void* block, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  mortise::runtime::free_counted(block);
}
