// The plugin's own operator new and delete, so that what its code allocates is counted as its own. mortise_add_plugin()
// compiles this into each C++ plugin, where they count from MORTISE_PLUGIN's init on. A plugin whose own sources define
// operators has those instead (these are weak, and stand on each other as the standard's do).
//
// Only code that is compiled into the plugin comes here: what the C++ library's and other shared libraries allocate is
// not counted. Either may free what the other has allocated.
#pragma once

#include <new>

#include <mortise/heap.hpp>

// A sanitizer has operators of its own. Without exceptions there is no way to say that there is no memory.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__cpp_exceptions)
#define MORTISE_COUNTS_NOTHING
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MORTISE_COUNTS_NOTHING
#endif
#endif

#if !defined(MORTISE_COUNTS_NOTHING)

namespace mortise::detail {

/// As the standard has it: the new-handler is called until there is memory, or none of them.
inline void* allocate_or_throw(std::size_t size, std::size_t alignment) {
  for (;;) {
    if (void* const block = allocate(size, alignment)) return block;
    const auto handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

template <class New>
void* null_for_throw(const New& allocate_it) noexcept {
  try {
    return allocate_it();
  } catch (...) {
    return nullptr;
  }
}

}  // namespace mortise::detail

#define MORTISE_OPERATOR [[gnu::weak]]

MORTISE_OPERATOR void* operator new(std::size_t size) { return mortise::detail::allocate_or_throw(size, 0); }
MORTISE_OPERATOR void* operator new(std::size_t size, std::align_val_t alignment) {
  return mortise::detail::allocate_or_throw(size, static_cast<std::size_t>(alignment));
}
MORTISE_OPERATOR void operator delete(void* block) noexcept { mortise::detail::release(block); }
MORTISE_OPERATOR void operator delete(void* block, std::align_val_t) noexcept { mortise::detail::release(block); }

MORTISE_OPERATOR void* operator new[](std::size_t size) { return ::operator new(size); }
MORTISE_OPERATOR void* operator new[](std::size_t size, std::align_val_t alignment) {
  return ::operator new(size, alignment);
}
MORTISE_OPERATOR void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return mortise::detail::null_for_throw([&] { return ::operator new(size); });
}
MORTISE_OPERATOR void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return mortise::detail::null_for_throw([&] { return ::operator new[](size); });
}
MORTISE_OPERATOR void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return mortise::detail::null_for_throw([&] { return ::operator new(size, alignment); });
}
MORTISE_OPERATOR void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return mortise::detail::null_for_throw([&] { return ::operator new[](size, alignment); });
}

MORTISE_OPERATOR void operator delete(void* block, std::size_t) noexcept { ::operator delete(block); }
MORTISE_OPERATOR void operator delete[](void* block) noexcept { ::operator delete(block); }
MORTISE_OPERATOR void operator delete[](void* block, std::size_t) noexcept { ::operator delete[](block); }
MORTISE_OPERATOR void operator delete(void* block, const std::nothrow_t&) noexcept { ::operator delete(block); }
MORTISE_OPERATOR void operator delete[](void* block, const std::nothrow_t&) noexcept { ::operator delete[](block); }
MORTISE_OPERATOR void operator delete(void* block, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete(block, alignment);
}
MORTISE_OPERATOR void operator delete[](void* block, std::align_val_t alignment) noexcept {
  ::operator delete(block, alignment);
}
MORTISE_OPERATOR void operator delete[](void* block, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete[](block, alignment);
}
MORTISE_OPERATOR void operator delete(void* block, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  ::operator delete(block, alignment);
}
MORTISE_OPERATOR void operator delete[](void* block, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  ::operator delete[](block, alignment);
}

#undef MORTISE_OPERATOR

#endif

#undef MORTISE_COUNTS_NOTHING
