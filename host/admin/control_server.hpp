// The control API over HTTP/1.1 on a unix domain socket. Who may connect is the socket file's permissions' to say;
// there is no other rule. Who connected is asked of the kernel and goes into the history.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <filesystem>
#include <memory>

#include "admin/control_api.hpp"
#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::admin {

struct ControlSettings {
  std::filesystem::path socket;  // at most 107 bytes
  mode_t mode = 0600;
  std::chrono::milliseconds receive_timeout{5000};  // between two pieces of a request
  std::chrono::milliseconds stop_grace{1000};       // for answers that are being made when stop() is called
};

/// Owned by the application. start() and stop() from one thread. Serves few clients at once, each request over a
/// connection of its own, so that an idle client holds nothing.
class ControlServer {
 public:
  /// `controls` and `files` outlive it. Calls that wait in one of the controls are left to it: it must answer them
  /// before this can be destroyed.
  ControlServer(ControlSettings settings, const Controls& controls, base::Files& files);
  /// stop(), then waits for calls that are still in the controls.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

  /// Makes the socket, and its folder when that is missing, and serves. A socket file that nobody listens on is
  /// replaced; one that somebody serves, or a file of another kind, is left alone and an error.
  base::Result<void> start();
  /// As start(), but whoever serves the socket serves on, until take_place() puts this one's there instead.
  base::Result<void> start_beside();
  void take_place();
  /// Makes the socket again when another process has put its own there, and has ended since.
  void restore();
  /// Removes the socket, unless it is another process's by now, and ends every connection: at once, but for answers
  /// that are ready within the grace period. Does not wait for the controls.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mortise::admin
