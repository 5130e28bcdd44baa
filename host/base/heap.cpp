#include "base/heap.hpp"

#include <malloc.h>

#include <array>
#include <cstddef>
#include <cstdlib>

namespace mortise::base {
namespace {

// Below the size at which the C library maps a block on its own.
constexpr std::size_t kBlockBytes = std::size_t{100} << 10;
constexpr std::size_t kBlocks = 80;

}  // namespace

void* allocate_block(std::size_t size, std::size_t alignment) noexcept {
  // NOLINTNEXTLINE(cppcoreguidelines-no-malloc)
  void* block = alignment <= alignof(std::max_align_t) ? std::malloc(size) : ::memalign(alignment, size);
  // Or else a compiler that checks what is written to it would know how much was asked for, and take the rest for
  // somebody else's.
  __asm__("" : "+r"(block));
  return block;
}

std::size_t usable_bytes(void* block) noexcept { return ::malloc_usable_size(block); }

void widen_heap() noexcept {
  // What is given back stays writable, and is handed out again.
  std::array<void*, kBlocks> blocks{};
  for (auto& block : blocks) block = std::malloc(kBlockBytes);  // NOLINT(cppcoreguidelines-no-malloc)
  for (auto* block : blocks) std::free(block);                  // NOLINT(cppcoreguidelines-no-malloc)
}

void shrink_heaps() noexcept { ::malloc_trim(0); }

}  // namespace mortise::base
