#include "isolation/worker_process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "base/spawn.hpp"

namespace mortise::isolation {

base::Result<WorkerProcess> WorkerProcess::start(int talk, int area, int wake) {
  const auto pid = base::spawn({.executable = "/proc/self/exe",
                                .arguments = {"mortise", "worker"},
                                .environment = {},
                                .output = std::nullopt,
                                .descriptors = {talk, area, wake},
                                .has_own_session = true});
  if (!pid) return pid.error();
  base::Descriptor ending(static_cast<int>(::syscall(SYS_pidfd_open, *pid, 0)));
  WorkerProcess worker(*pid, std::move(ending));
  if (worker.ending_.is_open()) return worker;
  return base::Error{base::ErrorCode::unavailable, std::string("cannot watch a worker: ") + std::strerror(errno)};
}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), ending_(std::move(other.ending_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ == 0) return;
  kill();
  wait();
}

bool WorkerProcess::ends_within(std::chrono::milliseconds limit) const noexcept {
  pollfd wait{.fd = ending_.get(), .events = POLLIN, .revents = 0};
  int found = 0;
  do found = ::poll(&wait, 1, static_cast<int>(limit.count()));
  while (found < 0 && errno == EINTR);
  return found > 0;
}

void WorkerProcess::kill() const noexcept {
  if (pid_ != 0) ::kill(pid_, SIGKILL);
}

base::ProcessEnd WorkerProcess::wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
  return base::end_of(status);
}

}  // namespace mortise::isolation
