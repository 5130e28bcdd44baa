#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>

#include "base/files.hpp"

namespace mortise::base {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kOutputLimit = 16384;

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

Result<pid_t> spawn(const std::vector<std::string>& arguments, int output) {
  SpawnSettings settings;
  posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, output, 1);
  posix_spawn_file_actions_adddup2(&settings.actions, output, 2);
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::array<char*, 3> environment{const_cast<char*>("PATH=/usr/bin:/bin"), const_cast<char*>("LANG=C.UTF-8"), nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, arguments[0].c_str(), &settings.actions, &settings.attributes, argv.data(),
                                  environment.data());
  if (error != 0) {
    return Error{ErrorCode::unavailable, "cannot start '" + arguments[0] + "': " + std::strerror(error)};
  }
  return pid;
}

/// Collects output until the child has ended or `deadline`; true when it ended.
bool drain(int fd, pid_t pid, Clock::time_point deadline, std::string& output, int& status) {
  const auto read_some = [&] {
    std::array<char, 4096> piece;
    ssize_t got = 0;
    while ((got = ::read(fd, piece.data(), piece.size())) > 0) {
      output.append(piece.data(), static_cast<std::size_t>(got));
      if (output.size() > kOutputLimit) output.erase(0, output.size() - kOutputLimit);
    }
    return got != 0;  // false: every writer has closed its end
  };
  bool open = true;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd wait{.fd = open ? fd : -1, .events = POLLIN, .revents = 0};
    // The pipe's end announces the child's; a child that hands the pipe to a grandchild is seen by waitpid.
    ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, open ? 20 : 1)));
    if (open) open = read_some();
    const pid_t ended = ::waitpid(pid, &status, WNOHANG);
    if (ended == pid) {
      read_some();
      return true;
    }
  }
}

}  // namespace

std::string ProcessEnd::describe() const {
  switch (how) {
    case How::exited: return "exited with code " + std::to_string(code);
    case How::signalled: {
      const char* name = ::sigabbrev_np(code);
      return "was killed by SIG" + std::string(name != nullptr ? name : std::to_string(code));
    }
    case How::timed_out: return "did not end within " + std::to_string(limit.count()) + " ms";
  }
  return {};
}

Result<ProcessEnd> run_process(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    return Error{ErrorCode::unavailable, std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  const auto pid = spawn(arguments, writer.get());
  writer = Descriptor();
  if (!pid) return pid.error();

  ProcessEnd end;
  end.limit = limit;
  int status = 0;
  if (!drain(reader.get(), *pid, Clock::now() + limit, end.output, status)) {
    ::kill(-*pid, SIGKILL);
    ::waitpid(*pid, &status, 0);
    end.how = ProcessEnd::How::timed_out;
    return end;
  }
  ::kill(-*pid, SIGKILL);  // whatever the child left behind in its group
  end.how = WIFSIGNALED(status) ? ProcessEnd::How::signalled : ProcessEnd::How::exited;
  end.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  return end;
}

std::string own_executable() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace mortise::base
