// The host process: builds the parts, hands them to each other, waits for a signal, and takes them down in order.
#pragma once

#include "base/files.hpp"
#include "base/inherited_sockets.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "http/server.hpp"

namespace mortise {

/// One per process; run() once, from main, before any thread exists.
class Application {
 public:
  /// `inherited`: what the service manager has handed over; each socket must be one that edge.listen names.
  Application(config::HostConfig config, base::Files& files, base::Result<base::InheritedSockets> inherited);

  /// Serves until SIGINT or SIGTERM; a second one ends the process at once. SIGHUP looks for changes at once.
  /// Returns the process's exit code: 0 after a clean stop, 1 when it could not start (said in the log).
  int run();

 private:
  base::Result<void> prepare_directories();
  base::Result<void> start(http::Server& server);

  config::HostConfig config_;
  base::Files& files_;
  base::Result<base::InheritedSockets> inherited_;
};

}  // namespace mortise
