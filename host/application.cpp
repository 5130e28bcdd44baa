#include "application.hpp"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/control_server.hpp"
#include "base/instance_lock.hpp"
#include "base/process.hpp"
#include "catalog/catalog.hpp"
#include "catalog/gate.hpp"
#include "edge_settings.hpp"
#include "http/server.hpp"
#include "release/runner.hpp"
#include "runtime/contracts.hpp"
#include "status_file.hpp"
#include "telemetry/crash_mark.hpp"
#include "telemetry/log.hpp"

namespace mortise {
namespace {

using telemetry::Level;

/// The signals that the application waits for. Blocked in every thread; taken by sigwait in main's.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A peer that is gone or a full disk is an error of that call, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

int fail(const base::Error& error) {
  telemetry::log(Level::error, "host", "cannot start", {{"reason", error.message}});
  return 1;
}

/// Addresses as people write them, for the log and for the files in the state directory.
void announce(const config::EdgeConfig& edge, const http::Server& server, StatusFile& status) {
  std::vector<std::string> endpoints;
  std::vector<std::string> urls;
  const auto ports = server.ports();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& listen = edge.listen[i];
    const bool is_v6 = listen.address.find(':') != std::string::npos;
    endpoints.push_back((is_v6 ? "[" + listen.address + "]" : listen.address) + ":" + std::to_string(ports[i]));
    urls.push_back((listen.tls ? "https://" : "http://") + endpoints.back());
    telemetry::log(Level::info, "host", "listening", {{"url", urls.back()}});
  }
  status.announce(endpoints, std::move(urls));
}

/// Until the first SIGINT or SIGTERM. From then on a second one ends the process.
void wait_for_stop(const sigset_t& signals, release::Runner& runner) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      runner.wake();
      continue;
    }
    telemetry::log(Level::info, "host", "stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    sigset_t ending = signals;
    sigdelset(&ending, SIGHUP);
    pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
    return;
  }
}

}  // namespace

Application::Application(config::HostConfig config, std::vector<std::string> interfaces, base::Files& files)
    : config_(std::move(config)), interfaces_(std::move(interfaces)), files_(files) {}

base::Result<void> Application::prepare_directories() {
  if (auto made = files_.make_directory(config_.state_directory, 0755); !made) {
    return made.error().in("state directory (state_directory in " + config_.file.string() + ")");
  }
  // These two belong to the teams and the admin: made when missing, but the host itself need not write there.
  for (const auto& directory : {config_.drop_directory, config_.plugins_directory}) {
    if (files_.stamp(directory)) continue;
    if (auto made = files_.make_directory(directory, 0755); !made) return made;
  }
  return {};
}

int Application::run() {
  const sigset_t signals = block_signals();
  base::raise_open_file_limit();  // one for each connection
  if (const auto prepared = prepare_directories(); !prepared) return fail(prepared.error());
  const auto lock = base::InstanceLock::acquire(config_.state_directory / "host.lock");
  if (!lock) return fail(lock.error());

  telemetry::leave_crash_marks(config_.state_directory / release::kCrashMarkFile);

  auto catalog =
      catalog::Catalog::open({.drop_directory = config_.drop_directory,
                              .state_directory = config_.state_directory,
                              .settle = config_.settle,
                              .interfaces = interfaces_},
                             files_, catalog::make_process_probe(base::own_executable(), config_.probe_timeout));
  if (!catalog) return fail(catalog.error());

  runtime::Contracts contracts(config_.arena_max_bytes);
  http::Server server(edge_settings(config_.edge));
  if (const auto started = server.start(); !started) return fail(started.error().in(config_.file.string()));
  StatusFile status_file(config_.state_directory, files_);
  announce(config_.edge, server, status_file);

  release::Runner runner({.drop_directory = config_.drop_directory,
                          .plugins_directory = config_.plugins_directory,
                          .state_directory = config_.state_directory,
                          .applies_by_itself = config_.apply_mode == config::ApplyMode::automatic,
                          .init_timeout = config_.init_timeout,
                          .stop_timeout = config_.stop_timeout,
                          .left_mapped_limit = config_.left_mapped_limit},
                         std::move(*catalog), contracts, {&server}, files_,
                         [&](const release::Status& status) { status_file.write(status); });
  // Open before the first pass, so that a socket that cannot be had is said before any plugin runs; who asks meanwhile
  // is answered once the pass is done.
  admin::ControlServer control({.socket = config_.control_socket, .mode = config_.control_socket_mode}, runner, files_);
  if (const auto opened = control.start(); !opened) return fail(opened.error());
  runner.start([&server] {
    server.set_ready(true);
    telemetry::log(Level::info, "host", "ready");
  });
  wait_for_stop(signals, runner);
  server.set_ready(false);
  server.drain();
  runner.begin_stop();
  control.stop();  // after the runner has answered whoever waits for it
  const std::size_t cut = server.stop(config_.edge.shutdown_grace);
  const std::size_t left = runner.stop();
  status_file.remove();
  telemetry::log(Level::info, "host", "stopped",
                 {{"requests_cut", std::to_string(cut)}, {"generations_left", std::to_string(left)}});
  // Code that cannot be stopped still runs in this process; static destructors must not pull the ground from under it.
  if (cut + left > 0) std::_Exit(0);
  return 0;
}

}  // namespace mortise
