#include "base/instance_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace mortise::base {

Result<InstanceLock> InstanceLock::acquire(const std::filesystem::path& file) {
  Descriptor descriptor(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!descriptor.is_open()) {
    return Error{ErrorCode::permission_denied, "cannot open '" + file.string() + "': " + std::strerror(errno) +
                                                   "; check the permissions of its directory"};
  }
  if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> holder{};
    const auto size = ::pread(descriptor.get(), holder.data(), holder.size() - 1, 0);
    return Error{ErrorCode::already_exists,
                 "another host (pid " + std::string(holder.data(), size > 0 ? static_cast<std::size_t>(size) : 0) +
                     ") holds '" + file.string() + "'; stop it, or give this one a state_directory of its own"};
  }
  InstanceLock lock(std::move(descriptor));
  lock.tell_pid();
  return lock;
}

bool InstanceLock::is_on(const std::filesystem::path& file) const {
  struct stat held {};
  struct stat there {};
  return ::fstat(file_.get(), &held) == 0 && ::stat(file.c_str(), &there) == 0 && held.st_dev == there.st_dev &&
         held.st_ino == there.st_ino;
}

void InstanceLock::tell_pid() const {
  // The pid is only for the message above; without it the lock holds all the same.
  const auto pid = std::to_string(::getpid());
  const bool is_empty = ::ftruncate(file_.get(), 0) == 0;
  [[maybe_unused]] const bool is_told = is_empty && ::pwrite(file_.get(), pid.data(), pid.size(), 0) > 0;
}

}  // namespace mortise::base
