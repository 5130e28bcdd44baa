#include "base/instance_lock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

namespace mortise::base {

namespace {

/// What the file says of who holds it: the process that people know, and the one that works for it.
struct Holder {
  pid_t known = 0;
  pid_t worker = 0;
};

Holder read_holder(const Descriptor& file) {
  std::array<char, 64> text{};
  const auto size = ::pread(file.get(), text.data(), text.size(), 0);
  const auto* const end = text.data() + std::max<ssize_t>(size, 0);
  Holder holder;
  const auto known = std::from_chars(text.data(), end, holder.known);
  if (known.ptr < end) std::from_chars(known.ptr + 1, end, holder.worker);
  return holder;
}

bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

/// Until no thread of it is left, and with them its descriptors: a killed process takes a moment to let go of memory.
void wait_for_end(pid_t pid) {
  constexpr int kPatienceMs = 10000;
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  if (process.is_open()) ::poll(&ended, 1, kPatienceMs);
}

}  // namespace

Result<InstanceLock> InstanceLock::acquire(const std::filesystem::path& file) {
  Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!descriptor.is_open()) {
    return Error{ErrorCode::permission_denied, "cannot open '" + file.string() + "': " + std::strerror(errno) +
                                                   "; check the permissions of its directory"};
  }
  const auto lock = [&] { return ::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0; };
  bool is_locked = lock();
  const auto holder = is_locked ? Holder() : read_holder(descriptor);
  if (!is_locked && holder.worker > 0 && !is_alive(holder.known)) {
    wait_for_end(holder.worker);
    is_locked = lock();
  }
  if (!is_locked) {
    return Error{ErrorCode::already_exists, "another host (pid " + std::to_string(holder.known) + ") holds '" +
                                                file.string() +
                                                "'; stop it, or give this one a state_directory of its own"};
  }
  InstanceLock locked(std::move(descriptor));
  locked.tell_pids(::getpid());
  return locked;
}

bool InstanceLock::is_on(const std::filesystem::path& file) const {
  struct stat held {};
  struct stat there {};
  return ::fstat(file_.get(), &held) == 0 && ::stat(file.c_str(), &there) == 0 && held.st_dev == there.st_dev &&
         held.st_ino == there.st_ino;
}

void InstanceLock::tell_pids(pid_t holder) const {
  // Only for acquire() in another process; without them the lock holds all the same.
  const auto text = std::to_string(holder) + "\n" + std::to_string(::getpid()) + "\n";
  const bool is_empty = ::ftruncate(file_.get(), 0) == 0;
  [[maybe_unused]] const bool is_told = is_empty && ::pwrite(file_.get(), text.data(), text.size(), 0) > 0;
}

}  // namespace mortise::base
