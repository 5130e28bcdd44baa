// The host process: builds the parts, hands them to each other, waits for a signal, and takes them down in order.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "config/config.hpp"

namespace mortise {

/// One per process; run() once, from main, before any thread exists.
class Application {
 public:
  /// `interfaces`: the ids that the host offers to plugins.
  Application(config::HostConfig config, std::vector<std::string> interfaces, base::Files& files);

  /// Serves until SIGINT or SIGTERM; a second one ends the process at once. SIGHUP looks for changes at once.
  /// Returns the process's exit code: 0 after a clean stop, 1 when it could not start (said in the log).
  int run();

 private:
  base::Result<void> prepare_directories();

  config::HostConfig config_;
  std::vector<std::string> interfaces_;
  base::Files& files_;
};

}  // namespace mortise
