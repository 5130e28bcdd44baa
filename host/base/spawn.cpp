#include "base/spawn.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/files.hpp"

namespace mortise::base {
namespace {

constexpr int kFirst = 3;

/// Owner of posix_spawn's two settings objects.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const auto& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Copies of the descriptors at numbers above those that they get in the child, so that none is overwritten there
/// before it has been moved.
Result<std::vector<Descriptor>> move_up(const std::vector<int>& descriptors) {
  std::vector<Descriptor> moved;
  for (const int descriptor : descriptors) {
    moved.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirst + static_cast<int>(descriptors.size())));
    if (!moved.back().is_open()) {
      return Error{ErrorCode::resource_exhausted, std::string("cannot hand a descriptor over: ") +
                                                      std::strerror(errno) +
                                                      "; raise the hard limit of open files (ulimit -Hn)"};
    }
  }
  return moved;
}

}  // namespace

Result<pid_t> spawn(const Spawn& wanted) {
  const auto moved = move_up(wanted.descriptors);
  if (!moved) return moved.error();
  SpawnSettings settings;
  if (wanted.output) {
    posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&settings.actions, *wanted.output, 1);
    posix_spawn_file_actions_adddup2(&settings.actions, *wanted.output, 2);
  }
  int next = kFirst;
  for (const auto& descriptor : *moved) {
    posix_spawn_file_actions_adddup2(&settings.actions, descriptor.get(), next);
    ++next;
  }
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, next);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  const int group = wanted.has_own_group ? POSIX_SPAWN_SETPGROUP : 0;
  posix_spawnattr_setflags(&settings.attributes,
                           static_cast<short>(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, wanted.executable.c_str(), &settings.actions, &settings.attributes,
                                  pointers_to(wanted.arguments).data(), pointers_to(wanted.environment).data());
  if (error != 0) {
    return Error{ErrorCode::unavailable, "cannot start '" + wanted.executable + "': " + std::strerror(error)};
  }
  return pid;
}

}  // namespace mortise::base
