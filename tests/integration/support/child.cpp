#include "support/child.hpp"

#include <fcntl.h>
#include <linux/securebits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace mortise::integration {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

void check(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

/// A terminal as if it were a pipe: what a process writes to the second end is read from the first.
std::array<int, 2> open_terminal() {
  const int ours = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  std::array<char, 64> name{};
  check(ours >= 0 && ::unlockpt(ours) == 0 && ::ptsname_r(ours, name.data(), name.size()) == 0, "posix_openpt");
  const int theirs = ::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC);
  check(theirs >= 0, name.data());
  return {ours, theirs};
}

/// As sd_listen_fds(3) wants them.
bool hand_over(const std::vector<int>& sockets) {
  constexpr int kFirst = 3;
  std::string names;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const int place = kFirst + static_cast<int>(i);
    // dup2() of a descriptor onto itself would leave it close-on-exec.
    const bool is_there = sockets[i] == place ? ::fcntl(place, F_SETFD, 0) == 0 : ::dup2(sockets[i], place) == place;
    if (!is_there) return false;
    names += (i == 0 ? "web-" : ":web-") + std::to_string(i);
  }
  return ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1) == 0 &&
         ::setenv("LISTEN_FDS", std::to_string(sockets.size()).c_str(), 1) == 0 &&
         ::setenv("LISTEN_FDNAMES", names.c_str(), 1) == 0;
}

/// In the child, between fork and exec.
bool apply(const ChildSettings& settings) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (settings.tmpfs) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("none", settings.tmpfs->c_str(), "tmpfs", 0, "size=1m,mode=755") != 0) return false;
  }
  if (settings.largest_file_bytes) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    limit.rlim_cur = *settings.largest_file_bytes;
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
  }
  if (!settings.sockets.empty() && !hand_over(settings.sockets)) return false;
  // With this bit, root gets no capabilities at exec: it is a user like any other.
  return !settings.is_without_privileges || ::geteuid() != 0 || ::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) == 0;
}

}  // namespace

Output::Output(int fd) : reader_([this, fd] { read(fd); }) {}

Output::~Output() { reader_.join(); }

void Output::read(int fd) {
  std::string pending;
  std::array<char, 4096> piece;
  for (;;) {
    const auto got = ::read(fd, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    pending.append(piece.data(), static_cast<std::size_t>(got));
    for (auto end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(pending.substr(0, end));
      pending.erase(0, end + 1);
      changed_.notify_all();
    }
  }
  ::close(fd);
  const std::lock_guard lock(mutex_);
  if (!pending.empty()) lines_.push_back(pending);
  is_ended_ = true;
  changed_.notify_all();
}

std::vector<std::string> Output::lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

std::vector<std::string> Output::all_lines() const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return is_ended_; })) missed(false);
  return lines_;
}

void Output::missed(bool has_ended) const {
  throw std::runtime_error((has_ended ? "the output ended without" : "patience ended without") +
                           std::string(" the line that was waited for:\n") + joined(lines_));
}

Child::Child(const std::vector<std::string>& arguments, const ChildSettings& settings) {
  std::array<int, 2> out{};
  std::array<int, 2> err{};
  check(::pipe2(out.data(), O_CLOEXEC) == 0, "pipe2");
  if (settings.is_on_terminal) {
    err = open_terminal();
  } else {
    check(::pipe2(err.data(), O_CLOEXEC) == 0, "pipe2");
  }
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  check(pid_ >= 0, "fork");
  if (pid_ == 0) {
    const bool is_ready = ::dup2(out[1], STDOUT_FILENO) >= 0 && ::dup2(err[1], STDERR_FILENO) >= 0 && apply(settings);
    if (is_ready) ::execv(argv[0], argv.data());
    ::_exit(126);
  }
  ::close(out[1]);
  ::close(err[1]);
  output_.emplace(out[0]);
  error_output_.emplace(err[0]);
}

Child::~Child() {
  if (has_ended()) return;
  ::kill(pid_, SIGKILL);
  int status = 0;
  ::waitpid(pid_, &status, 0);
}

void Child::signal(int number) const { check(::kill(pid_, number) == 0, "kill"); }

int Child::wait() {
  if (exit_code_) return *exit_code_;
  try {
    exit_code_ = wait_for_end(pid_);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + (":\n" + joined(error_output_->lines())));
  }
  return *exit_code_;
}

void wait_for_last_moment(pid_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) return;
  pollfd ended{.fd = fd, .events = POLLIN, .revents = 0};
  const auto patience = std::chrono::milliseconds(kPatience).count();
  const int count = ::poll(&ended, 1, static_cast<int>(patience));
  ::close(fd);
  if (count != 1) throw std::runtime_error("the process did not end");
}

void stop_process(pid_t pid) {
  check(::kill(pid, SIGSTOP) == 0, "kill");
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const auto is_stopped = [](const std::filesystem::path& thread) {
    std::ifstream file(thread / "stat");
    std::string text;
    std::getline(file, text);  // "PID (NAME) STATE ...", and the name may be anything
    const auto name_end = text.rfind(')');
    return name_end == std::string::npos || text.substr(name_end, 3) == ") T";  // or it has ended
  };
  const std::filesystem::directory_iterator none;
  for (;;) {
    const std::filesystem::directory_iterator threads("/proc/" + std::to_string(pid) + "/task");
    if (std::all_of(threads, none, [&](const auto& thread) { return is_stopped(thread.path()); })) return;
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("the process did not stop");
    std::this_thread::yield();
  }
}

int wait_for_end(pid_t pid) {
  wait_for_last_moment(pid);
  int status = 0;
  check(::waitpid(pid, &status, 0) == pid, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

Finished run(const std::vector<std::string>& arguments, const ChildSettings& settings) {
  Child child(arguments, settings);
  const int code = child.wait();
  // Its end does not mean that all of its output was read yet.
  return {.code = code, .out = joined(child.output().all_lines()), .err = joined(child.error_output().all_lines())};
}

}  // namespace mortise::integration
