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

void widen_heap() noexcept {
  // What is given back stays writable, and is handed out again.
  std::array<void*, kBlocks> blocks{};
  for (auto& block : blocks) block = std::malloc(kBlockBytes);  // NOLINT(cppcoreguidelines-no-malloc)
  for (auto* block : blocks) std::free(block);                  // NOLINT(cppcoreguidelines-no-malloc)
}

void shrink_heaps() noexcept { ::malloc_trim(0); }

}  // namespace mortise::base
