#include "base/files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace mortise::base {
namespace {

namespace fs = std::filesystem;

Error failure(const std::string& path, const char* action, int error) {
  auto code = ErrorCode::unavailable;
  std::string next;
  switch (error) {
    case ENOENT: code = ErrorCode::not_found; break;
    case EEXIST: code = ErrorCode::already_exists; break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = ErrorCode::permission_denied;
      next = "; check the permissions, or run as a user who has them";
      break;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      code = ErrorCode::resource_exhausted;
      next = "; make room on that file system and try again";
      break;
    case ELOOP: code = ErrorCode::invalid_argument; break;
    default: break;
  }
  return {code, "cannot " + std::string(action) + " '" + path + "': " + std::strerror(error) + next};
}

FileStamp from_stat(const struct stat& s) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  return {.device = s.st_dev,
          .inode = s.st_ino,
          .size_bytes = static_cast<std::uint64_t>(s.st_size),
          .modified_ns = s.st_mtim.tv_sec * kNanoseconds + s.st_mtim.tv_nsec,
          .changed_ns = s.st_ctim.tv_sec * kNanoseconds + s.st_ctim.tv_nsec,
          .mode = s.st_mode,
          .owner = s.st_uid};
}

/// 0, or the errno of the write that failed.
int write_all(int fd, const std::uint8_t* data, std::size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    data += written;
    size -= static_cast<std::size_t>(written);
  }
  return 0;
}

template <class Path>
Result<std::string> read_all(const Descriptor& file, std::uint64_t limit_bytes, const Path& path) {
  std::string text;
  std::array<char, 16384> piece;
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0) {
      if (errno == EINTR) continue;
      return failure(path(), "read", errno);
    }
    if (got == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(got));
    if (text.size() > limit_bytes) {
      return Error{ErrorCode::resource_exhausted,
                   "'" + path() + "' is larger than the limit of " + std::to_string(limit_bytes) + " bytes"};
    }
  }
}

using DirectoryStream = std::unique_ptr<DIR, int (*)(DIR*)>;

DirectoryStream open_stream(const std::string& directory) { return {::opendir(directory.c_str()), &::closedir}; }

/// In order; none, with errno set: the directory cannot be read.
std::optional<std::vector<std::string>> read_names(DIR& stream, std::string_view ending) {
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const auto* entry = ::readdir(&stream);
    if (entry == nullptr) break;
    const std::string_view name(entry->d_name);
    if (name.front() != '.' && name.ends_with(ending)) names.emplace_back(name);
  }
  if (errno != 0) return std::nullopt;
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

int Descriptor::release() noexcept {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

bool FileStamp::is_regular() const noexcept { return S_ISREG(mode); }
bool FileStamp::is_symlink() const noexcept { return S_ISLNK(mode); }
bool FileStamp::is_writable_by_others() const noexcept { return (mode & S_IWOTH) != 0; }

Result<FileStamp> RealFiles::stamp(const std::string& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) != 0) return failure(path, "stat", errno);
  return from_stat(s);
}

Result<FileStamp> RealFiles::stamp(const Directory& directory, const std::string& name) {
  struct stat s {};
  if (::fstatat(directory.get(), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) != 0) {
    return failure(directory.path_of(name), "stat", errno);
  }
  return from_stat(s);
}

Result<FileStamp> RealFiles::stamp(const Descriptor& file) {
  struct stat s {};
  if (::fstat(file.get(), &s) != 0) return failure("(open file)", "stat", errno);
  return from_stat(s);
}

Result<bool> RealFiles::has_writer(const Descriptor& file) {
  // Who opens it for writing in this moment has the kernel send us a signal: one that is ignored by default.
  if (::fcntl(file.get(), F_SETSIG, SIGURG) != 0) return failure("(open file)", "ask for writers of", errno);
  // The kernel grants a lease for reading only while nobody may write.
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
    return false;
  }
  if (errno == EAGAIN) return true;
  return failure("(open file)", "ask for writers of", errno);
}

Result<Descriptor> RealFiles::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0) return failure(path, "open", errno);
  return Descriptor(fd);
}

Result<std::string> RealFiles::read(const std::string& path, std::uint64_t limit_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failure(path, "open", errno);
  return read_all(file, limit_bytes, [&] { return path; });
}

Result<std::string> RealFiles::read(const Directory& directory, const std::string& name, std::uint64_t limit_bytes) {
  const Descriptor file(::openat(directory.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return failure(directory.path_of(name), "open", errno);
  return read_all(file, limit_bytes, [&] { return directory.path_of(name); });
}

Result<void> RealFiles::write_atomically(const std::string& path, std::string_view text, mode_t mode,
                                         Durability durability) {
  const fs::path target(path);
  std::string pattern = (target.parent_path() / ("." + target.filename().string() + ".XXXXXX")).string();
  const Descriptor file(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!file.is_open()) return failure(path, "write", errno);
  int error = write_all(file.get(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (error == 0 && ::fchmod(file.get(), mode) != 0) error = errno;
  if (error == 0 && durability == Durability::synced && ::fsync(file.get()) != 0) error = errno;
  if (error == 0 && ::rename(pattern.c_str(), path.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(pattern.c_str());
    return failure(path, "write", error);
  }
  return {};
}

Result<void> RealFiles::copy(const Descriptor& source, const std::string& target, mode_t mode, Durability durability,
                             const std::function<void(std::span<const std::uint8_t>)>& see) {
  const Descriptor file(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file.is_open()) return failure(target, "create", errno);
  std::vector<std::uint8_t> piece(std::size_t{256} * 1024);
  off_t offset = 0;
  int error = 0;
  for (;;) {
    const ssize_t got = ::pread(source.get(), piece.data(), piece.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = errno;
    if (got <= 0) break;
    see({piece.data(), static_cast<std::size_t>(got)});
    error = write_all(file.get(), piece.data(), static_cast<std::size_t>(got));
    if (error != 0) break;
    offset += got;
  }
  if (error == 0 && durability == Durability::synced && ::fsync(file.get()) != 0) error = errno;
  if (error != 0) {
    ::unlink(target.c_str());
    return failure(target, "write", error);
  }
  return {};
}

Result<void> RealFiles::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure(to, "rename to", errno);
  return {};
}

Result<void> RealFiles::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failure(path, "remove", errno);
  return {};
}

Result<void> RealFiles::make_directory(const std::string& path, mode_t mode) {
  // The usual case in one call: through the dot only a directory can be reached.
  if (::access((path + "/.").c_str(), W_OK | X_OK) == 0) return {};
  std::error_code ec;
  const bool existed = fs::is_directory(path, ec);
  fs::create_directories(path, ec);
  if (ec) return failure(path, "create directory", ec.value());
  if (!existed && ::chmod(path.c_str(), mode) != 0) return failure(path, "set the mode of", errno);
  if (::access(path.c_str(), W_OK | X_OK) != 0) return failure(path, "write to directory", errno);
  return {};
}

Result<void> RealFiles::make_directory(const Directory& parent, const std::string& name, mode_t mode) {
  // The usual case, as above.
  if (::faccessat(parent.get(), (name + "/.").c_str(), W_OK | X_OK, 0) == 0) return {};
  return make_directory(parent.path_of(name), mode);
}

Result<Directory> RealFiles::open_directory(const std::string& path) {
  Descriptor directory(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY));
  if (!directory.is_open()) return failure(path, "open directory", errno);
  return Directory(std::move(directory), path);
}

Result<std::vector<std::string>> RealFiles::list(const std::string& directory, std::string_view ending) {
  const auto stream = open_stream(directory);
  if (!stream) return failure(directory, "list", errno);
  auto names = read_names(*stream, ending);
  if (!names) return failure(directory, "list", errno);
  const auto folder = directory.ends_with('/') ? directory : directory + "/";
  for (auto& name : *names) name.insert(0, folder);
  return *std::move(names);
}

Result<std::vector<ListedFile>> RealFiles::list_stamped(const std::string& directory, std::string_view ending) {
  const auto stream = open_stream(directory);
  if (!stream) return failure(directory, "list", errno);
  auto names = read_names(*stream, ending);
  if (!names) return failure(directory, "list", errno);
  const auto folder = directory.ends_with('/') ? directory : directory + "/";
  std::vector<ListedFile> files;
  files.reserve(names->size());
  for (const auto& name : *names) {
    struct stat s {};
    // By its name alone, so that the kernel need not walk the whole path for each.
    if (::fstatat(::dirfd(stream.get()), name.c_str(), &s, AT_SYMLINK_NOFOLLOW) == 0) {
      files.push_back({folder + name, from_stat(s)});
    } else if (errno != ENOENT) {  // else it has just gone
      return failure(folder + name, "stat", errno);
    }
  }
  return files;
}

}  // namespace mortise::base
