#include "base/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/files.hpp"
#include "base/spawn.hpp"

namespace mortise::base {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kOutputLimit = 16384;

/// The child's output as it arrives, of which only the end is kept.
class OutputTail {
 public:
  explicit OutputTail(int fd) : fd_(fd) {}

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] int fd() const { return is_open_ ? fd_ : -1; }

  /// Takes what is there, but comes back even while a child writes faster than this reads.
  void read_some() { read(kOutputLimit); }
  /// Once the child has ended: all that it left in the pipe, whatever others write behind it.
  void read_rest() {
    const int capacity = ::fcntl(fd_, F_GETPIPE_SZ);
    read(capacity > 0 ? static_cast<std::size_t>(capacity) : kOutputLimit);
  }

  std::string text;

 private:
  void read(std::size_t most) {
    std::array<char, 4096> piece;
    for (std::size_t taken = 0; is_open_ && taken < most;) {
      const ssize_t got = ::read(fd_, piece.data(), piece.size());
      is_open_ = got != 0;  // every writer has closed its end
      if (got <= 0) return;
      text.append(piece.data(), static_cast<std::size_t>(got));
      if (text.size() > kOutputLimit) text.erase(0, text.size() - kOutputLimit);
      taken += static_cast<std::size_t>(got);
    }
  }

  int fd_;
  bool is_open_ = true;
};

/// Whether the child has ended. Leaves it to be reaped, so that its pid stays taken.
bool has_ended(pid_t pid) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/// Collects output until the child has ended or `deadline` has passed; true when it ended.
bool drain(OutputTail& output, pid_t pid, Clock::time_point deadline) {
  for (;;) {
    if (has_ended(pid)) {
      output.read_rest();
      return true;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    // The pipe's end announces the child's; a child that hands the pipe to a grandchild is seen by waitid.
    pollfd wait{.fd = output.fd(), .events = POLLIN, .revents = 0};
    ::poll(&wait, 1, static_cast<int>(std::min<long long>(left, output.is_open() ? 20 : 1)));
    output.read_some();
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

ProcessEnd end_of(int wait_status) {
  ProcessEnd end;
  end.how = WIFSIGNALED(wait_status) ? ProcessEnd::How::signalled : ProcessEnd::How::exited;
  end.code = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
  return end;
}

Result<ProcessEnd> run_process(const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  std::array<int, 2> ends{};
  const bool has_pipe = ::pipe2(ends.data(), O_CLOEXEC) == 0;
  const int error = errno;
  if (!has_pipe) return Error{ErrorCode::unavailable, std::string("cannot make a pipe: ") + std::strerror(error)};
  const Descriptor reader(ends[0]);
  Descriptor writer(ends[1]);
  // The child's end stays blocking: a program that finds no room in its output should wait, not fail.
  ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  const auto pid = spawn({.executable = arguments[0],
                          .arguments = arguments,
                          .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"},
                          .output = writer.get(),
                          .descriptors = {},
                          .has_own_group = true});
  writer = Descriptor();
  if (!pid) return pid.error();

  OutputTail output(reader.get());
  const bool ended = drain(output, *pid, Clock::now() + limit);
  ::kill(-*pid, SIGKILL);  // the child itself, or whatever it left behind in its group
  int status = 0;
  ::waitpid(*pid, &status, 0);

  auto end = end_of(status);
  end.limit = limit;
  end.output = std::move(output.text);
  if (!ended) end.how = ProcessEnd::How::timed_out;
  return end;
}

void disable_core_dumps() {
  // Both: a core pattern that names a program is not held back by the limit.
  const rlimit none{.rlim_cur = 0, .rlim_max = 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);
}

void leave_terminal() {
  const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (terminal.is_open()) ::ioctl(terminal.get(), TIOCNOTTY);
}

std::uint64_t raise_open_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

unsigned usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return std::max(1U, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
}

std::string own_executable() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace mortise::base
