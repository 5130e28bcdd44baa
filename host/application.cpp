#include "application.hpp"

#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/process.hpp"
#include "serving_host.hpp"
#include "telemetry/crash_handler.hpp"
#include "telemetry/log.hpp"

namespace mortise {
namespace {

using telemetry::Level;

/// The signals that the application waits for. Blocked in every thread; taken by sigwait in main's.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that is gone or a full disk is an error of that call, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

/// A host that was replaced is ending already; who wants to end all meant the other one, too.
void stop_by(int signal, takeover::HostUpgrade& upgrade) {
  telemetry::log(Level::info, "host", "stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
  if (const auto next = upgrade.close()) ::kill(*next, signal);
}

/// Until the first SIGINT or SIGTERM, or until another host has taken this one's place.
void wait_for_stop(const sigset_t& signals, ServingHost& host) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      host.runner().look_at_everything();
    } else if (signal != SIGUSR2) {
      return stop_by(signal, host.upgrade());
    } else if (host.upgrade().is_replaced()) {
      return;
    } else {
      host.upgrade().begin("SIGUSR2");
    }
  }
}

}  // namespace

Application::Application(config::HostConfig config, std::vector<std::string> interfaces, base::Files& files,
                         Start& start)
    : config_(std::move(config)), interfaces_(std::move(interfaces)), files_(files), start_(start) {}

int Application::run() {
  const telemetry::CrashStack stack;
  const sigset_t signals = block_signals();
  base::raise_open_file_limit();  // one for each connection
  ServingHost host(config_, interfaces_, files_, start_);
  if (const auto opened = host.open(); !opened) {
    telemetry::log(Level::error, "host", "cannot start", {{"reason", opened.error().message}});
    if (start_.former) start_.former->refuse(opened.error().message);
    start_.supervisor->tell_ending();
    telemetry::expect_exit();
    return 1;
  }
  host.serve();
  wait_for_stop(signals, host);
  // Code that cannot be stopped still runs in this process; static destructors must not pull the ground from under it.
  if (host.stop() > 0) std::_Exit(0);
  telemetry::expect_exit();
  return 0;
}

}  // namespace mortise
