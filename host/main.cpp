// `mortise`: builds the seams to the system and hands them to the command line.
#include <unistd.h>
#include <iostream>
#include <sstream>

#include "application.hpp"
#include "base/inherited_sockets.hpp"
#include "base/process.hpp"
#include "catalog/gate.hpp"
#include "cli/command_line.hpp"
#include "isolation/fork_server.hpp"
#include "loader/probe.hpp"
#include "offered_interfaces.hpp"
#include "sandbox/control_group.hpp"
#include "supervisor/supervisor.hpp"
#include "takeover/former_host.hpp"
#include "telemetry/crash_handler.hpp"

namespace {

/// What was handed to this process is taken out of the environment first.
mortise::base::Result<mortise::Start> look_at_start(int argc, char** argv) {
  auto former = mortise::takeover::FormerHost::from_environment();
  if (!former) return former.error();
  mortise::Start start{.executable = mortise::base::own_executable(),
                       .arguments = {argv, argv + argc},
                       .environment = {},
                       .inherited = mortise::base::InheritedSockets::from_environment(),
                       .former = std::move(*former)};
  for (auto** variable = environ; *variable != nullptr; ++variable) start.environment.emplace_back(*variable);
  return start;
}

/// What one host process gets that no other has.
void begin_life(mortise::Start& start, mortise::supervisor::Life life) {
  start.supervisor = std::move(life.link);
  start.is_restart = life.is_restart;
  start.crashes = std::move(life.crashes);
  mortise::telemetry::leave_crash_marks(std::move(life.page));
  if (life.lock) start.lock = mortise::base::InstanceLock::share(std::move(*life.lock));
  // One that has crashed before it had any leaves what the service manager has given.
  if (!life.sockets.empty()) {
    start.inherited = mortise::base::InheritedSockets::adopt(std::move(life.sockets), "of the crashed host process");
  }
}

}  // namespace

int main(int argc, char** argv) {
  mortise::base::RealFiles files;
  const auto interfaces = mortise::offered_interfaces();
  auto start = look_at_start(argc, argv);
  if (!start) {
    std::cerr << start.error().message << '\n';
    return mortise::cli::kFailed;
  }
  // What is wrong with the configuration interests the host that waits for this one as well.
  std::ostringstream faults;
  const mortise::cli::Parts parts{
      .files = files,
      .out = std::cout,
      .err = start->former ? static_cast<std::ostream&>(faults) : std::cerr,
      .executable = start->executable,
      .interfaces = interfaces,
      .serve =
          [&](mortise::config::HostConfig host) {
            start->control_group = mortise::sandbox::settle_in_groups(host.control_group);
            return mortise::supervisor::supervise(start->former, [&](mortise::supervisor::Life life) {
              begin_life(*start, std::move(life));
              return mortise::Application(std::move(host), interfaces, files, *start).run();
            });
          },
      .probe =
          [](const std::filesystem::path& image) {
            return mortise::loader::probe_main(image, mortise::catalog::kProbeRefused);
          },
      .worker = &mortise::isolation::fork_server_main};
  const int code = mortise::cli::run_command_line(argc, argv, parts);
  std::cerr << faults.str();
  if (code != mortise::cli::kDone && start->former) start->former->refuse(faults.str());
  return code;
}
