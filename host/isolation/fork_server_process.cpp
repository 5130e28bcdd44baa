// The process that forks itself for each worker, in one thread that has nothing else to do: what it has when it forks,
// all workers have.
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iostream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/message_socket.hpp"
#include "base/process.hpp"
#include "isolation/fork_server.hpp"
#include "isolation/worker.hpp"
#include "sandbox/sandbox.hpp"

namespace mortise::isolation {
namespace {

constexpr int kLinkDescriptor = 3;

sigset_t ends_of_children() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

/// One that was started and is not forgotten yet.
struct Child {
  base::Descriptor channel;  // over which the host is told how it ends; the host closes it when it is through with it
  bool is_told = false;
};

class ForkServerProcess {
 public:
  ForkServerProcess()
      : ends_(ends_of_children()),
        link_(kLinkDescriptor),
        signals_(::signalfd(-1, &ends_, SFD_CLOEXEC | SFD_NONBLOCK)),
        pid_(::getpid()) {
    ::sigprocmask(SIG_BLOCK, &ends_, nullptr);
  }

  /// Until there is no host.
  void serve() {
    while (!is_alone_) {
      std::vector<pollfd> wait{{.fd = link_.get(), .events = POLLIN, .revents = 0},
                               {.fd = signals_.get(), .events = POLLIN, .revents = 0}};
      std::vector<pid_t> pids;
      for (const auto& [pid, child] : children_) {
        wait.push_back({.fd = child.channel.get(), .events = 0, .revents = 0});
        pids.push_back(pid);
      }
      if (::poll(wait.data(), wait.size(), -1) < 0) continue;
      if (wait[1].revents != 0) tell_ends();
      for (std::size_t i = 0; i < pids.size(); ++i) {
        if (wait[i + 2].revents != 0) forget(pids[i]);
      }
      if (wait[0].revents != 0) take_request((wait[0].revents & POLLHUP) != 0);
    }
  }

 private:
  static constexpr std::size_t kOwn = 3;  // of a worker's descriptors, its own; the next is its channel

  void take_request(bool is_closed) {
    auto request = base::receive_message(link_.get());
    if (request) return start(std::move(request->descriptors));
    is_alone_ = is_closed;  // else there was no room for its descriptors: the host finds its channel closed
  }

  void start(std::vector<base::Descriptor> descriptors) {
    if (descriptors.size() <= kOwn) return;
    auto channel = std::move(descriptors[kOwn]);
    // Above where they go to, so that none is overwritten there before it has been moved.
    std::array<base::Descriptor, kOwn> moved;
    for (std::size_t i = 0; i < kOwn; ++i) {
      moved.at(i) = base::Descriptor(::fcntl(descriptors[i].get(), F_DUPFD_CLOEXEC, kWakeDescriptor + 1));
    }
    const pid_t child = moved.back().is_open() ? ::fork() : -1;
    if (child == 0) become_worker(moved);
    if (child < 0) {
      base::send_message(channel.get(), std::strerror(errno));
      return;
    }
    const base::Descriptor ending(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
    if (ending.is_open()) {
      base::send_message(channel.get(), std::to_string(child), {ending.get()});
    } else {
      base::send_message(channel.get(), std::strerror(errno));
    }
    children_.emplace(child, Child{.channel = std::move(channel)});
  }

  /// And leaves those that have ended to be waited for: until the host is through with one, nobody else has its number.
  void tell_ends() {
    signalfd_siginfo ignored{};
    while (::read(signals_.get(), &ignored, sizeof ignored) > 0) continue;
    for (auto& [pid, child] : children_) {
      siginfo_t info{};
      const bool has_ended = !child.is_told &&
                             ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                             info.si_pid == pid;
      if (!has_ended) continue;
      const int status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
      base::send_message(child.channel.get(), std::to_string(status));
      child.is_told = true;
    }
  }

  /// The host is through with it, or has given it up.
  void forget(pid_t pid) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) continue;
    children_.erase(pid);
  }

  /// With nothing of what this process has open but the standard ones.
  [[noreturn]] void become_worker(const std::array<base::Descriptor, kOwn>& descriptors) const {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != pid_) ::_exit(1);  // it has ended before that
    for (std::size_t i = 0; i < kOwn; ++i) {
      if (::dup2(descriptors.at(i).get(), kTalkDescriptor + static_cast<int>(i)) < 0) ::_exit(1);
    }
    ::close_range(kWakeDescriptor + 1, ~0U, 0);
    ::setpgid(0, 0);
    ::sigprocmask(SIG_UNBLOCK, &ends_, nullptr);
    ::_exit(worker_main());
  }

  const sigset_t ends_;
  base::Descriptor link_;
  base::Descriptor signals_;
  pid_t pid_;
  std::map<pid_t, Child> children_;
  bool is_alone_ = false;
};

}  // namespace

int fork_server_main() {
  struct stat link {};
  if (::fstat(kLinkDescriptor, &link) != 0 || !S_ISSOCK(link.st_mode)) {
    std::cerr << "only a host starts workers\n";
    return 1;
  }
  ::fcntl(kLinkDescriptor, F_SETFD, FD_CLOEXEC);
  // Those that a service manager sends to all of a service are the host's to follow: it stops its workers in order.
  for (const int signal : {SIGPIPE, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) std::signal(signal, SIG_IGN);
  ::prctl(PR_SET_NAME, "mortise-forks");
  base::leave_terminal();
  const base::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::dup2(nothing.get(), STDIN_FILENO);  // what somebody types there is the host's
  sandbox::prepare();
  ForkServerProcess().serve();
  return 0;
}

}  // namespace mortise::isolation
