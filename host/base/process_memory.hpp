// How much memory a process takes, and how much it may.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace mortise::base {

/// All is 0 where there is no such process.
struct ProcessMemory {
  std::uint64_t resident_bytes = 0;   // in memory, with all that it has in common with others
  std::uint64_t allocated_bytes = 0;  // that only it can write to, used or not, stacks among it: what the limit counts
  std::uint64_t limit_bytes = 0;      // of that (RLIMIT_DATA); 0: there is none
};

/// Of a process of the same user, as the system tells at this moment. Any thread.
ProcessMemory memory_of(pid_t process);

}  // namespace mortise::base
