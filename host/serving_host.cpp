#include "serving_host.hpp"

#include <unistd.h>
#include <chrono>
#include <csignal>
#include <future>
#include <map>
#include <utility>

#include "catalog/catalog.hpp"
#include "catalog/gate.hpp"
#include "edge_settings.hpp"
#include "remote/remote_code.hpp"
#include "sql/maintenance.hpp"
#include "telemetry/log.hpp"

namespace mortise {
namespace {

using telemetry::Level;

// How long a client that keeps its connection to a host that was replaced has to use it once more: nobody who sends
// requests more often than that ever finds it closed.
constexpr std::chrono::milliseconds kFarewell{1000};

runtime::RetryRules to_rules(const config::RetryConfig& config) {
  return {.attempts = config.attempts, .first_pause = config.retry_pause, .longest_pause = config.max_retry_pause};
}

/// By name: those that run, and why others do not.
struct Plugins {
  std::vector<std::string> running;
  std::map<std::string, std::string> reasons;
};

base::Result<Plugins> look_at_plugins(release::Runner& runner) {
  const auto status = runner.status();
  if (!status) return status.error();
  Plugins plugins;
  for (const auto& plugin : status->plugins) {
    if (plugin.state == "active") {
      plugins.running.push_back(plugin.name);
    } else {
      plugins.reasons.emplace(plugin.name, plugin.reason);
    }
  }
  return plugins;
}

}  // namespace

ServingHost::ServingHost(const config::HostConfig& config, const std::vector<std::string>& interfaces,
                         base::Files& files, Start& start)
    : config_(config), interfaces_(interfaces), files_(files), start_(start) {}

base::Result<void> ServingHost::prepare_directories() {
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

base::Result<void> ServingHost::get_lock() {
  const auto file = config_.state_directory / "host.lock";
  if (start_.former) {
    lock_ = start_.former->borrow_state();
  } else {
    lock_ = std::exchange(start_.lock, std::nullopt);
  }
  if (!lock_ || !lock_->is_on(file)) {
    // Nobody was there, or the configuration has moved the state directory since.
    auto acquired = base::InstanceLock::acquire(file);
    if (!acquired) return acquired.error();
    lock_ = std::move(*acquired);
  }
  if (!start_.former) tell_pids();
  start_.supervisor->keep_lock(lock_->descriptor());
  return {};
}

std::unique_ptr<loader::Code> ServingHost::stand_in_for(const runtime::GenerationSpec& spec) const {
  if (!spec.remote.empty()) return std::make_unique<remote::RemoteCode>(spec);
  return std::make_unique<isolation::StandIn>(isolation_, spec);
}

void ServingHost::tell_pids() const { lock_->tell_pids(start_.supervisor->supervisor()); }

base::Result<void> ServingHost::start_server() {
  if (!start_.inherited) return start_.inherited.error();
  auto sockets = start_.former ? start_.former->take_sockets() : std::move(*start_.inherited);
  if (auto started = server_->start(sockets); !started) return started.error().in(config_.file.string());
  start_.supervisor->keep_sockets(server_->listening_sockets());
  // What a former host listened on and this one does not is what the configuration has dropped.
  const auto rest = start_.former ? std::string() : sockets.describe_rest();
  if (rest.empty()) return {};
  return base::Error{base::ErrorCode::invalid_argument,
                     config_.file.string() + ": edge.listen has no address for the inherited socket " + rest +
                         "; name that address and port there, or take the socket out of the .socket unit"};
}

base::Result<void> ServingHost::open() {
  if (auto prepared = prepare_directories(); !prepared) return prepared;
  if (auto locked = get_lock(); !locked) return locked;
  auto catalog = catalog::Catalog::open({.drop_directory = config_.drop_directory,
                                         .state_directory = config_.state_directory,
                                         .settle = config_.settle,
                                         .interfaces = interfaces_,
                                         .is_borrowed = start_.former != nullptr},
                                        files_, catalog::make_process_probe(start_.executable, config_.probe_timeout));
  if (!catalog) return catalog.error();

  if (start_.control_group) {
    sandbox::remove_left_groups(*start_.control_group);
  } else if (!config_.control_group.empty()) {
    telemetry::log(telemetry::Level::warning, "host", "workers get no control groups",
                   {{"reason", start_.control_group.error().message}});
  }
  isolation_ = {.fork_server = &fork_server_,
                .init_timeout = config_.init_timeout,
                .stop_timeout = config_.stop_timeout,
                .arena_max_bytes = config_.arena_max_bytes,
                .control_group = start_.control_group,
                .on_change = [this] { runner_->tell_changed(); },
                .on_crash = [this](const telemetry::CrashMark& crash) { runner_->tell_crashed(crash); }};
  contracts_.emplace(config_.arena_max_bytes);
  // A migration ends before its start is given up.
  sql_.emplace(sql::database_directory(config_.state_directory), files_, config_.init_timeout * 9 / 10);
  events_.emplace(contracts_->registry(), *sql_, config_.edge.blocking_threads, to_rules(config_.events));
  tasks_.emplace(*sql_, config_.edge.blocking_threads, to_rules(config_.tasks));
  server_.emplace(edge_settings(config_.edge));
  exposed_.emplace(contracts_->registry());
  if (auto started = start_server(); !started) return started;
  status_file_.emplace(config_.state_directory, start_.supervisor->supervisor(), files_);
  if (!start_.former) {
    announce();
    // After a crash, who connects waits until the plugins are there again.
    if (!start_.is_restart) server_->accept();
  }
  runner_.emplace(
      release::RunnerSettings{.drop_directory = config_.drop_directory,
                              .plugins_directory = config_.plugins_directory,
                              .state_directory = config_.state_directory,
                              .applies_by_itself = config_.apply_mode == config::ApplyMode::automatic,
                              .starts_paused = start_.former != nullptr,
                              .init_timeout = config_.init_timeout,
                              .stop_timeout = config_.stop_timeout,
                              .left_mapped_limit = config_.left_mapped_limit,
                              .on_crash = config_.on_crash,
                              .crashes = std::move(start_.crashes),
                              .on_crashes_settled = [this] { start_.supervisor->tell_settled(); },
                              .stand_in = [this](const runtime::GenerationSpec& spec) { return stand_in_for(spec); }},
      std::move(*catalog), *contracts_,
      std::vector<runtime::Service*>{&*events_, &*tasks_, &*server_, &*sql_, &kv_, &*exposed_}, files_,
      [this](const release::Status& status) { status_file_->write(status); });
  upgrade_.emplace(takeover::UpgradeSettings{.executable = start_.executable,
                                             .arguments = start_.arguments,
                                             .environment = start_.environment,
                                             .pid = start_.supervisor->supervisor(),
                                             .limit = config_.upgrade_timeout},
                   *this);
  // Open before the first pass, so that a socket that cannot be had is said before any plugin runs; who asks meanwhile
  // is answered once the pass is done.
  events_control_.emplace(*events_);
  tasks_control_.emplace(*tasks_);
  control_.emplace(
      admin::ControlSettings{.socket = config_.control_socket, .mode = config_.control_socket_mode},
      admin::Controls{.releases = *runner_, .host = *upgrade_, .events = *events_control_, .tasks = *tasks_control_},
      files_);
  return start_.former ? control_->start_beside() : control_->start();
}

void ServingHost::serve() {
  if (!start_.former) {
    events_->outboxes().start();
    return runner_->start([this] { announce_ready({}); });
  }
  std::promise<void> begun;
  runner_->start([&begun] { begun.set_value(); });
  begun.get_future().wait();  // nobody stops it: signals are waited for later
  const auto others_write_for = take_over();
  announce_ready(others_write_for);
}

/// From then on it is told of; also on the release thread.
void ServingHost::announce_ready(std::chrono::milliseconds others_write_for) {
  tasks_->start(others_write_for);
  server_->set_ready(true);
  if (start_.is_restart) server_->accept();
  telemetry::log(Level::info, "host", "ready");
  start_.supervisor->tell_ready();
}

/// Nothing in here can fail any more; what cannot be written is in the log. Returns how long the former host may still
/// write to plugins' databases.
std::chrono::milliseconds ServingHost::take_over() {
  const auto plugins = look_at_plugins(*runner_);
  start_.former->wait_until_owner(plugins ? plugins->running : std::vector<std::string>(),
                                  plugins ? plugins->reasons : std::map<std::string, std::string>());
  start_.supervisor->tell_owner();
  const auto others_write_for = kFarewell + config_.edge.shutdown_grace + config_.stop_timeout * 4;
  events_->outboxes().start(others_write_for);
  tell_pids();
  announce();
  server_->set_ready(true);
  server_->accept();
  static_cast<void>(runner_->resume());  // fails only when it is stopping
  control_->take_place();                // last: who asks for another upgrade finds nothing of this one left
  start_.former->dismiss();
  start_.former.reset();
  return others_write_for;
}

/// Addresses as people write them, for the log and for the files in the state directory.
void ServingHost::announce() {
  std::vector<std::string> endpoints;
  std::vector<std::string> urls;
  const auto ports = server_->ports();
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const auto& listen = config_.edge.listen[i];
    const bool is_v6 = listen.address.find(':') != std::string::npos;
    endpoints.push_back((is_v6 ? "[" + listen.address + "]" : listen.address) + ":" + std::to_string(ports[i]));
    urls.push_back((listen.tls ? "https://" : "http://") + endpoints.back());
    telemetry::log(Level::info, "host", "listening", {{"url", urls.back()}});
  }
  status_file_->announce(endpoints, std::move(urls));
}

base::Result<std::vector<std::string>> ServingHost::lend_state(std::chrono::steady_clock::time_point deadline,
                                                               const std::stop_token& giving_up) {
  if (auto paused = runner_->pause(deadline, giving_up); !paused) return paused.error();
  auto plugins = look_at_plugins(*runner_);  // fails only when it is stopping
  if (!plugins) return plugins.error();
  if (auto paused = events_->outboxes().pause(deadline, giving_up); !paused) {
    static_cast<void>(runner_->resume());
    return paused.error();
  }
  // The next host's begin when it has taken over.
  if (auto paused = tasks_->pause(deadline, giving_up); !paused) {
    events_->outboxes().start();
    static_cast<void>(runner_->resume());
    return paused.error();
  }
  return std::move(plugins->running);
}

void ServingHost::take_state_back() {
  tell_pids();
  announce();
  control_->restore();
  events_->outboxes().start();
  tasks_->start();
  static_cast<void>(runner_->resume());  // fails only when it is stopping
}

void ServingHost::on_upgrading(pid_t next) { start_.supervisor->tell_upgrading(next); }

void ServingHost::on_kept() { start_.supervisor->tell_kept(); }

void ServingHost::on_replaced(pid_t next) {
  start_.supervisor->tell_replaced(next);
  lock_.reset();
  ::kill(::getpid(), SIGUSR2);  // the application waits for signals
}

std::size_t ServingHost::stop() {
  const bool is_replaced = upgrade_->is_replaced();
  start_.supervisor->tell_ending();
  if (is_replaced) {
    server_->retire(kFarewell);
  } else {
    server_->set_ready(false);
  }
  server_->drain();
  events_->outboxes().hold();
  tasks_->durable().hold();
  runner_->begin_stop();
  control_->stop();  // after the runner has answered whoever waits for it
  const std::size_t cut = server_->stop(config_.edge.shutdown_grace);
  const std::size_t undone = events_->stop(config_.stop_timeout) + tasks_->stop(config_.stop_timeout);
  const std::size_t left = runner_->stop();
  if (!is_replaced) status_file_->remove();
  telemetry::log(Level::info, "host", "stopped",
                 {{"requests_cut", std::to_string(cut)},
                  {"generations_left", std::to_string(left)},
                  {"events_and_tasks_left", undone == 0 ? std::string() : std::to_string(undone)}});
  return cut + undone + left;
}

}  // namespace mortise
