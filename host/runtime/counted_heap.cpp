#include "runtime/counted_heap.hpp"

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "base/heap.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {
namespace {

using Mark = std::uint64_t;

constexpr Mark kNumberBits = std::numeric_limits<MemoryAccount::Number>::max();

/// Where the mark of a block would be: its last bytes, those that the C library gives beyond what was asked for among
/// them.
void* place_of_mark(void* block, std::size_t usable) noexcept {
  return static_cast<std::byte*>(block) + usable - sizeof(Mark);
}

/// What no other block has at its end but by a chance of one in 2^48: a hash of where it is, then the number.
Mark make_mark(const void* block, MemoryAccount::Number number) noexcept {
  constexpr Mark kOdd = 0x9E3779B97F4A7C15U;
  return ((std::bit_cast<std::uintptr_t>(block) * kOdd) & ~kNumberBits) | number;
}

mortise_memory_account* account_of_plugin(mortise_host* host) {
  return reinterpret_cast<mortise_memory_account*>(&Generation::from(host).memory());
}

void* allocate(mortise_memory_account* account, std::uint64_t size, std::uint64_t alignment) {
  return allocate_counted(*reinterpret_cast<MemoryAccount*>(account), size, alignment);
}

void release(void* block) { free_counted(block); }

}  // namespace

void* allocate_counted(MemoryAccount& account, std::size_t size, std::size_t alignment) noexcept {
  if (size > std::numeric_limits<std::ptrdiff_t>::max() - sizeof(Mark)) return nullptr;
  const auto whole = size + sizeof(Mark);
  void* const block = base::allocate_block(whole, alignment);
  if (block == nullptr) return nullptr;
  const auto usable = base::usable_bytes(block);
  const auto mark = make_mark(block, account.number());
  std::memcpy(place_of_mark(block, usable), &mark, sizeof mark);
  account.add(MemoryKind::heap, static_cast<std::int64_t>(usable));
  return block;
}

void free_counted(void* block) noexcept {
  if (block == nullptr) return;
  const auto usable = base::usable_bytes(block);
  if (usable >= sizeof(Mark)) {
    auto* const place = place_of_mark(block, usable);
    Mark mark = 0;
    std::memcpy(&mark, place, sizeof mark);
    const auto number = static_cast<MemoryAccount::Number>(mark & kNumberBits);
    if (mark == make_mark(block, number)) {
      // The next block here may be somebody else's.
      std::memset(place, 0, sizeof mark);
      // Nor is it left out by a compiler that sees the block go.
      __asm__ volatile("" : : "r"(place) : "memory");
      if (auto* const account = MemoryAccount::find(number)) {
        account->add(MemoryKind::heap, -static_cast<std::int64_t>(usable));
      }
    }
  }
  std::free(block);  // NOLINT(cppcoreguidelines-no-malloc)
}

const mortise_memory_v1& memory_table() noexcept {
  static constexpr mortise_memory_v1 kTable{.struct_size = sizeof(mortise_memory_v1),
                                            .reserved = 0,
                                            .account = &account_of_plugin,
                                            .allocate = &allocate,
                                            .release = &release};
  return kTable;
}

}  // namespace mortise::runtime
