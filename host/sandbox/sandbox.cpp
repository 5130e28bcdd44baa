#include "sandbox/sandbox.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "sandbox/capabilities.hpp"
#include "sandbox/file_access.hpp"
#include "sandbox/system_calls.hpp"

namespace mortise::sandbox {
namespace {

std::string error_text() { return std::strerror(errno); }

/// Whatever runs with more rights than its caller (set-user-ID files) runs with ours.
std::string renounce_new_privileges() { return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? "" : error_text(); }

/// What is there already, in bytes.
std::uint64_t private_memory() {
  std::ifstream pages("/proc/self/statm");
  std::uint64_t size = 0;
  constexpr int kData = 6;  // the sixth
  for (int i = 0; i < kData; ++i) pages >> size;
  return size * static_cast<std::uint64_t>(::getpagesize());
}

/// Memory that can be written, wherever it comes from; what several processes share is not counted.
std::string limit_memory(std::uint64_t max_bytes) {
  if (max_bytes == 0) return "no limit is set; limits.memory_bytes in plugins.d sets one";
  const auto most = private_memory() + max_bytes;
  const rlimit limit{.rlim_cur = most, .rlim_max = most};
  return ::setrlimit(RLIMIT_DATA, &limit) == 0 ? "" : error_text();
}

std::string find_variables() {
  if (environ == nullptr || *environ == nullptr) return "";
  const std::string first = *environ;
  return "it has the variable " + first.substr(0, first.find('='));
}

std::string find_descriptors(int last) {
  std::error_code fault;
  std::vector<int> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", fault)) {
    const int descriptor = std::stoi(entry.path().filename().string());
    if (descriptor > last) open.push_back(descriptor);
  }
  if (fault) return "/proc/self/fd: " + fault.message();
  std::string found;
  for (const int descriptor : open) {
    if (::fcntl(descriptor, F_GETFD) < 0) continue;  // the one that it was read through
    found += (found.empty() ? "open are " : ", ") + std::to_string(descriptor);
  }
  return found;
}

std::string go_home(const std::string& directory) { return ::chdir(directory.c_str()) == 0 ? "" : error_text(); }

}  // namespace

void prepare() { prepare_system_calls(); }

std::vector<Measure> enter(const Settings& settings) {
  std::vector<Measure> measures;
  measures.push_back({"environment", find_variables()});
  // Where libraries put what they need for a moment; what they choose without it is closed to them.
  ::setenv("TMPDIR", settings.data_directory.c_str(), 1);
  measures.push_back({"descriptors", find_descriptors(settings.last_descriptor)});
  measures.push_back({"working directory", go_home(settings.data_directory)});
  measures.push_back({std::string(kMemory), limit_memory(settings.max_memory_bytes)});
  measures.push_back({"capabilities", drop_capabilities()});
  measures.push_back({"no new privileges", renounce_new_privileges()});
  measures.push_back({"files", limit_file_access(settings)});
  measures.push_back({"system calls", limit_system_calls(settings.may_connect, settings.max_memory_bytes != 0)});
  return measures;
}

}  // namespace mortise::sandbox
