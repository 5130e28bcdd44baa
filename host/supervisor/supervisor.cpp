#include "supervisor/supervisor.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>
#include <variant>

#include "base/process.hpp"
#include "base/restart_pause.hpp"
#include "base/service_manager.hpp"
#include "supervisor/host_end.hpp"
#include "supervisor/message.hpp"
#include "telemetry/log.hpp"

namespace mortise::supervisor {
namespace {

using base::Descriptor;
using base::RestartPause;
using telemetry::Level;
using Clock = RestartPause::Clock;

/// What one host process has said of itself.
struct Told {
  bool is_ending = false;
  bool is_upgrading = false;
  pid_t next = 0;  // of the host that is started in its place, or serves there already; 0: not known
  bool is_replaced = false;
};

pid_t pid_in(const std::string& text) {
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

/// Loops between "a host process runs" and "it has ended, the next one is due".
class Supervisor {
 public:
  Supervisor(std::unique_ptr<takeover::FormerHost>& former, telemetry::CrashPage page)
      : former_(former), is_owner_(former == nullptr), page_(std::move(page)) {}

  /// In the supervisor the exit code; in a host process its life, with nothing of the supervisor left once this is
  /// destroyed.
  std::variant<int, Life> run() {
    const auto signals = set_of({SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGCHLD});
    ::sigprocmask(SIG_BLOCK, &signals, nullptr);
    signals_ = Descriptor(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.is_open()) return cannot_start("signalfd");
    for (bool is_restart = false;; is_restart = true) {
      if (auto life = start_host(is_restart)) return std::move(*life);
      if (host_ < 0 && !is_restart) return kCannotStart;
      if (host_ < 0) {
        pause_until_ = Clock::now() + RestartPause::kFirst;
      } else if (const auto code = judge(watch_host())) {
        return *code;
      }
      if (!wait_for_pause()) return 0;
    }
  }

 private:
  static int cannot_start(const char* what) {
    telemetry::log(Level::error, "supervisor", "cannot start the host process",
                   {{"reason", std::string(what) + ": " + std::strerror(errno)}});
    return kCannotStart;
  }

  /// Its life, in the new process.
  std::optional<Life> start_host(bool is_restart) {
    host_ = -1;
    told_ = {};
    incoming_.clear();
    auto link = base::make_message_sockets();
    if (!link) {
      cannot_start("socketpair");
      return std::nullopt;
    }
    const auto supervisor = ::getpid();
    const auto pid = ::fork();
    if (pid == 0) return begin_life(std::move(link->first), supervisor, is_restart);
    if (pid < 0) {
      cannot_start("fork");
      return std::nullopt;
    }
    host_ = pid;
    link_ = std::move(link->second);
    return std::nullopt;
  }

  Life begin_life(Descriptor link, pid_t supervisor, bool is_restart) {
    // Who kills the supervisor wants all to end: nothing may be left that holds the port. The signal comes with the end
    // of the thread that has forked, which is the supervisor's only one.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != supervisor) ::_exit(kCannotStart);
    const auto children = set_of({SIGCHLD});  // those to wait for stay blocked until somebody does
    ::sigprocmask(SIG_UNBLOCK, &children, nullptr);
    if (is_owner_) former_.reset();
    return {.link = HostLink(std::move(link), supervisor),
            .is_restart = is_restart,
            .lock = std::exchange(lock_, std::nullopt),
            .sockets = std::exchange(sockets_, {}),
            .crashes = std::exchange(crashes_, {}),
            .page = std::move(page_)};
  }

  /// Until it has ended; its wait status.
  int watch_host() {
    for (;;) {
      std::array<pollfd, 2> wait{pollfd{.fd = signals_.get(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = link_.get(), .events = POLLIN, .revents = 0}};
      ::poll(wait.data(), wait.size(), -1);
      if (wait[0].revents != 0) take_signals();
      int status = 0;
      const bool has_ended = ::waitpid(host_, &status, WNOHANG) == host_;
      hear();  // after the end, too: what it has said last
      if (has_ended) {
        link_ = Descriptor();
        return status;
      }
      // A process that has closed its end tells nothing any more; the signal of its end comes.
      if ((wait[1].revents & POLLHUP) != 0) link_ = Descriptor();
    }
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) take_signal(static_cast<int>(info.ssi_signo));
  }

  void take_signal(int number) {
    if (number == SIGCHLD || told_.is_replaced) return;
    if (number != SIGINT && number != SIGTERM) {
      if (host_ > 0) ::kill(host_, number);
      return;
    }
    // The host process may have got this one as well, from the terminal or a service manager that tells all; it minds
    // only the first, so that whether it is the second is for this process to say.
    if (host_ > 0) ::kill(host_, stop_asked_ == 0 ? number : SIGKILL);
    hurried_by_ = stop_asked_ == 0 ? 0 : number;
    stop_asked_ = number;
  }

  void hear() {
    while (link_.is_open()) {
      auto message = receive(link_);
      if (!message) return;
      take(std::move(*message));
    }
  }

  void take(Message message) {
    switch (message.kind) {
      case Kind::lock:
        if (!message.descriptors.empty()) lock_ = std::move(message.descriptors.front());
        break;
      case Kind::sockets:
        for (auto& socket : message.descriptors) incoming_.push_back(std::move(socket));
        break;
      case Kind::listening: sockets_ = std::exchange(incoming_, {}); break;
      case Kind::owner:
        is_owner_ = true;
        former_.reset();
        break;
      case Kind::ready:
        pause_.note_ready(Clock::now());
        base::notify_service_manager("READY=1\nMAINPID=" + std::to_string(::getpid()));
        break;
      case Kind::settled: crashes_.clear(); break;
      case Kind::upgrading:
        told_.is_upgrading = true;
        told_.next = pid_in(message.text);
        break;
      case Kind::kept: told_.is_upgrading = false; break;
      case Kind::replaced:
        told_.is_replaced = true;
        told_.next = pid_in(message.text);
        base::notify_service_manager("MAINPID=" + message.text);
        let_go();
        break;
      case Kind::ending:
        told_.is_ending = true;
        if (!told_.is_replaced) base::notify_service_manager("STOPPING=1");
        let_go();
        break;
    }
  }

  /// Who connects from here on is the next host's, or is refused.
  void let_go() {
    sockets_.clear();
    lock_.reset();
  }

  /// The exit code; none: the next one is due.
  std::optional<int> judge(int status) {
    telemetry::reopen();                                 // the host process may have rotated the file
    if (hurried_by_ != 0) return end_like(hurried_by_);  // a signal's number is the wait status of who died by it
    if (told_.is_ending) return end_like(status);
    const auto end = base::end_of(status).describe();
    auto mark = page_.take();
    const bool is_explained = mark && !mark->plugin.empty();
    tell_of(host_, status, mark);
    if (mark) keep(*std::move(mark));
    if (stop_asked_ != 0 || told_.is_replaced) return end_like(status);
    if (told_.is_upgrading) return leave_it_to_the_next(status);
    if (!is_owner_) be_left_alone(end);
    pause_until_ = Clock::now() + pause_.after_crash(Clock::now(), is_explained);
    return std::nullopt;
  }

  /// Until what follows from it is written down.
  void keep(telemetry::CrashMark mark) {
    using std::chrono::system_clock;
    mark.pid = host_;
    mark.time_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(system_clock::now().time_since_epoch()).count();
    crashes_.push_back(std::move(mark));
  }

  /// Two would own everything if the former host came back now.
  int leave_it_to_the_next(int status) {
    telemetry::log(Level::warning, "supervisor", "an upgrade was under way: the new host goes on alone",
                   {{"pid", told_.next == 0 ? "" : std::to_string(told_.next)}});
    if (told_.next != 0) base::notify_service_manager("MAINPID=" + std::to_string(told_.next));
    return end_like(status);
  }

  /// The former host ends this process for that, unless it is gone itself: then everything is this one's.
  void be_left_alone(const std::string& end) {
    former_->yield("its host process " + end + " before it was ready; what it says of that is in the log");
    is_owner_ = true;
    former_.reset();
  }

  /// False when the stop has come meanwhile.
  bool wait_for_pause() {
    host_ = -1;
    const auto left = [&] { return std::chrono::ceil<std::chrono::milliseconds>(pause_until_ - Clock::now()); };
    if (left().count() > 0) {
      telemetry::log(Level::error, "supervisor", "it crashes again and again: waiting before the next start",
                     {{"wait_ms", std::to_string(left().count())}});
    }
    while (left().count() > 0 && stop_asked_ == 0) {
      pollfd wait{.fd = signals_.get(), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, static_cast<int>(left().count()));
      take_signals();
    }
    if (stop_asked_ == 0) telemetry::log(Level::info, "supervisor", "starting the host process again");
    return stop_asked_ == 0;
  }

  std::unique_ptr<takeover::FormerHost>& former_;
  bool is_owner_;  // false: of what a former host has still
  Descriptor signals_;
  pid_t host_ = -1;
  Descriptor link_;  // to the host process
  Told told_;
  int stop_asked_ = 0;  // the signal; 0: none
  int hurried_by_ = 0;  // the second one
  RestartPause pause_;
  Clock::time_point pause_until_{};

  std::optional<Descriptor> lock_;
  std::vector<Descriptor> sockets_;
  std::vector<Descriptor> incoming_;  // until all are there
  telemetry::CrashPage page_;
  std::vector<telemetry::CrashMark> crashes_;  // of which nothing has followed yet
};

}  // namespace

int supervise(std::unique_ptr<takeover::FormerHost>& former, const RunHost& run_host) {
  auto page = telemetry::CrashPage::make();
  if (!page) {
    telemetry::log(Level::error, "supervisor", "cannot start the host process", {{"reason", page.error().message}});
    return kCannotStart;
  }
  auto ended = Supervisor(former, std::move(*page)).run();
  if (auto* const life = std::get_if<Life>(&ended)) return run_host(std::move(*life));
  return std::get<int>(ended);
}

}  // namespace mortise::supervisor
