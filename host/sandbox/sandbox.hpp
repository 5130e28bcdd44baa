// What a process gives up, for good, before it runs a plugin's code: rights, system calls, files, the network, memory.
// Several measures guard the same thing where they can, since no system has them all; which of them are in force is
// told, never assumed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace mortise::sandbox {

struct Settings {
  std::string image;                   // may be read
  std::string data_directory;          // may be written; becomes the working directory, and TMPDIR
  int last_descriptor = 2;             // none above it is open
  bool may_connect = false;            // as a client, to other hosts
  std::uint64_t max_memory_bytes = 0;  // beyond what it has, stacks of threads among it; 0: as much as there is
};

/// The name of the measure that is only in force when somebody has set a limit.
inline constexpr std::string_view kMemory = "memory";

/// One thing that the process has given up.
struct Measure {
  std::string name;     // as docs/admin.md explains it: "system calls"
  std::string missing;  // why it is not in force; empty: it is
};

/// Makes ready what enter() needs, for this process and those that it forks: most of its time.
void prepare();

/// All are tried, in the order in which they are told. Of a process with one thread, which has no others afterwards
/// that are not bound likewise; nothing of it can be taken back.
std::vector<Measure> enter(const Settings& settings);

}  // namespace mortise::sandbox
