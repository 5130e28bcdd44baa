#include "sql/use_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace mortise::sql {

using base::Error;
using base::ErrorCode;

base::Result<base::Descriptor> UseLock::open(const std::filesystem::path& database) {
  auto path = database;
  path.replace_extension(".lock");
  constexpr mode_t kOwnerOnly = 0600;
  base::Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly));
  if (file.is_open()) {
    give_to_owner_of_folder(file, path);
    return file;
  }
  file = base::Descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.is_open()) return file;
  return Error{ErrorCode::unavailable, "cannot open '" + path.string() + "': " + std::strerror(errno) +
                                           "; check the permissions of its folder"};
}

base::Result<UseLock> UseLock::share(const std::filesystem::path& database) {
  auto file = open(database);
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_SH | LOCK_NB) == 0) return UseLock(std::move(*file));
  return Error{ErrorCode::unavailable, "another process puts a copy in its place; try again when that is done"};
}

base::Result<UseLock> UseLock::take(const std::filesystem::path& database) {
  auto file = open(database);
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) == 0) return UseLock(std::move(*file));
  return Error{ErrorCode::failed_precondition, "the database '" + database.string() + "' is in use"};
}

void UseLock::keep_over_exec() const { ::fcntl(file_.get(), F_SETFD, 0); }

void give_to_owner_of_folder(const base::Descriptor& file, const std::filesystem::path& path) {
  struct stat folder {};
  if (::stat(path.parent_path().c_str(), &folder) != 0 || folder.st_uid == ::geteuid()) return;
  [[maybe_unused]] const int ignored = ::fchown(file.get(), folder.st_uid, folder.st_gid);
}

}  // namespace mortise::sql
