#include "base/process_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>
#include <fstream>
#include <string>

namespace mortise::base {

ProcessMemory memory_of(pid_t process) {
  // Not smaps_rollup, which tells more: the process cannot map memory while the system walks its pages for that.
  std::ifstream pages("/proc/" + std::to_string(process) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  std::uint64_t shared = 0;
  std::uint64_t code = 0;
  std::uint64_t libraries = 0;
  std::uint64_t data = 0;
  // A process that has ended and has not been waited for has a file in which all is 0.
  if (!(pages >> total >> resident >> shared >> code >> libraries >> data) || total == 0) return {};
  rlimit limit{};
  const bool has_limit = ::prlimit(process, RLIMIT_DATA, nullptr, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
  const auto page_bytes = static_cast<std::uint64_t>(::getpagesize());
  return {.resident_bytes = resident * page_bytes,
          .allocated_bytes = data * page_bytes,
          .limit_bytes = has_limit ? limit.rlim_cur : 0};
}

}  // namespace mortise::base
