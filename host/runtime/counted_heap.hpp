// Blocks of the C library's heap that know whose they are. What a plugin's code allocates, other code often frees (the
// C++ library, above all, and the other way round), so that the one who frees cannot tell whose memory it is: a block
// has a mark at its end, which names the account and which nobody else's block has.
#pragma once

#include <mortise/abi/memory.h>

#include <cstddef>

#include "runtime/memory_account.hpp"

namespace mortise::runtime {

/// As malloc() and aligned_alloc() do it (`alignment` 0: the former); null when there is none. Any thread.
void* allocate_counted(MemoryAccount& account, std::size_t size, std::size_t alignment) noexcept;

/// Frees a block of the C library's heap, counted or not, or nothing (null). Any thread.
void free_counted(void* block) noexcept;

/// mortise.memory/1. Any thread.
const mortise_memory_v1& memory_table() noexcept;

}  // namespace mortise::runtime
