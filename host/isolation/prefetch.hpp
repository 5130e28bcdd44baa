// Has a line of memory that another core has come while this one goes on. Never wrong, and never waited for.
#pragma once

namespace mortise::isolation {

/// To be read.
inline void prefetch(const void* line) noexcept { __builtin_prefetch(line); }

/// To be written: the other core's copy goes.
inline void prefetch_to_write(const void* line) noexcept {
#if defined(__x86_64__)
  // The compiler has it for some processors alone; for the others it does nothing.
  __asm__ volatile("prefetchw %0" : : "m"(*static_cast<const char*>(line)));
#else
  __builtin_prefetch(line, 1);
#endif
}

}  // namespace mortise::isolation
