// The host process: builds the parts, waits for a signal, and takes them down in order.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"
#include "config/config.hpp"
#include "start.hpp"

namespace mortise {

/// One per process; run() once, from main, before any thread exists.
class Application {
 public:
  /// `interfaces`: the ids that the host offers to plugins. `files` and `start` outlive it.
  Application(config::HostConfig config, std::vector<std::string> interfaces, base::Files& files, Start& start);

  /// In a host process: serves until SIGINT or SIGTERM, of which only the first counts (the supervisor ends a process
  /// at once that is told twice), or until another host has taken its place. SIGHUP looks for changes at once, SIGUSR2
  /// begins an upgrade of the host. Returns the process's exit code: 0 after a clean stop, 1 when it could not start
  /// (said in the log).
  int run();

 private:
  config::HostConfig config_;
  std::vector<std::string> interfaces_;
  base::Files& files_;
  Start& start_;
};

}  // namespace mortise
