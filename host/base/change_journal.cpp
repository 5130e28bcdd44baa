#include "base/change_journal.hpp"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::base {
namespace {

constexpr std::uint32_t kTouches = IN_CREATE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM |
                                   IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// File systems that nobody but this kernel writes; by their magic numbers, see statfs(2).
bool is_local(const std::string& directory) {
  constexpr std::uint32_t kZfs = 0x2FC12FC1;
  constexpr std::array<std::uint32_t, 6> kLocal{EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                                F2FS_SUPER_MAGIC, TMPFS_MAGIC,     kZfs};
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) != 0) return false;
  return std::find(kLocal.begin(), kLocal.end(), static_cast<std::uint32_t>(system.f_type)) != kLocal.end();
}

}  // namespace

void ChangeJournal::begin() {
  struct stat s {};
  if (!is_local(directory_) || ::stat(directory_.c_str(), &s) != 0) return;
  Descriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  // Without it, or with one on another directory that has just come, every look is at everything.
  if (!watch.is_open() || ::inotify_add_watch(watch.get(), directory_.c_str(), kTouches) < 0) return;
  device_ = s.st_dev;
  inode_ = s.st_ino;
  watch_ = std::move(watch);
}

std::optional<std::set<std::string>> ChangeJournal::take() {
  struct stat s {};
  const bool is_same = ::stat(directory_.c_str(), &s) == 0 && s.st_dev == device_ && s.st_ino == inode_;
  if (!watch_.is_open() || !is_same) {
    watch_ = {};
    begin();
    return std::nullopt;
  }
  std::set<std::string> names;
  alignas(inotify_event) std::array<char, 16384> buffer{};
  for (;;) {
    const auto got = ::read(watch_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return names;
    std::size_t at = 0;
    bool is_lost = got <= 0;
    while (!is_lost && at < static_cast<std::size_t>(got)) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      is_lost = event.len == 0;  // of the directory itself, or of the events: too many, or no more to come
      if (!is_lost) names.emplace(buffer.data() + at + sizeof(event));
      at += sizeof(event) + event.len;
    }
    if (!is_lost) continue;
    watch_ = {};
    begin();
    return std::nullopt;
  }
}

}  // namespace mortise::base
