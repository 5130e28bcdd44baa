#include "base/beneath.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace mortise::base {

Result<Descriptor> open_directory(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) return Descriptor(fd);
  return Error{errno == EACCES ? ErrorCode::permission_denied : ErrorCode::not_found,
               "cannot open directory '" + path.string() + "': " + std::strerror(errno)};
}

Result<Descriptor> open_beneath(const Descriptor& directory, const std::string& relative) {
  // A NUL would end the path early.
  if (relative.empty() || relative.find('\0') != std::string::npos) {
    return Error{ErrorCode::not_found, "no such file"};
  }
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, directory.get(), relative.c_str(), &how, sizeof how);
  if (fd >= 0) return Descriptor(static_cast<int>(fd));
  const bool is_trouble = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == EIO || errno == ENOSYS;
  return Error{is_trouble ? ErrorCode::unavailable : ErrorCode::not_found,
               "cannot open '" + relative + "': " + std::strerror(errno)};
}

}  // namespace mortise::base
