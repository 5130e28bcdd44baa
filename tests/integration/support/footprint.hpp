// What a process takes of the machine, as the kernel tells it.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string>

namespace mortise::integration {

struct Footprint {
  std::size_t threads = 0;
  std::size_t descriptors = 0;
  std::size_t resident_kib = 0;

  static Footprint of(pid_t pid);
};

/// The files below a directory that the process maps; of one that is gone, its former path with " (deleted)".
std::set<std::string> mapped_below(pid_t pid, const std::filesystem::path& directory);

}  // namespace mortise::integration
