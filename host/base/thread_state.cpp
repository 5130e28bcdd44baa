#include "base/thread_state.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace mortise::base {

ThreadId ThreadId::of_this_thread() noexcept {
  ThreadId thread;
  thread.id_ = ::gettid();
  return thread;
}

std::chrono::nanoseconds ThreadId::cpu_time() const noexcept {
  // The kernel's name of a thread's clock: the complement of its number, and 6 for "scheduled time of a thread"
  // (pthread_getcpuclockid makes the same, but of a thread that must not have ended).
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(id_) << 3U) | 6U);
  std::timespec time{};
  if (id_ == 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

bool ThreadId::is_runnable() const noexcept {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/stat", id_);
  const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 128> line{};  // "12 (name of 15) R ..."
  const auto size = ::read(file, line.data(), line.size());
  ::close(file);
  if (size <= 0) return false;
  const std::string_view text(line.data(), static_cast<std::size_t>(size));
  const auto name_end = text.rfind(')');
  return name_end != std::string_view::npos && text.substr(name_end).starts_with(") R");
}

}  // namespace mortise::base
