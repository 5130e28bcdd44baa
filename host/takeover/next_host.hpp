// The side of the host that is replaced, once: starts the next one and hands everything over, or gives up and is the
// host as before.
#pragma once

#include <sys/types.h>
#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::takeover {

struct UpgradeSettings {
  std::string executable;              // a path; whatever lies there when an upgrade begins
  std::vector<std::string> arguments;  // as this process was started with, its name the first
  std::vector<std::string> environment;
  pid_t pid = 0;                           // that admins know this host by
  std::chrono::milliseconds limit{60000};  // for the next host to be ready, and once more to serve then
};

/// What an upgrade asks of the host that is to be replaced. Called on the upgrade's thread.
class Outgoing {
 public:
  virtual ~Outgoing() = default;
  Outgoing() = default;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  [[nodiscard]] virtual int lock() const = 0;
  [[nodiscard]] virtual std::vector<int> listening_sockets() const = 0;
  /// From here on it writes nothing in the state directory; returns the names of the plugins that run. May wait until
  /// the deadline for what it is at, unless it is told to give up: after an error everything is as before.
  virtual base::Result<std::vector<std::string>> lend_state(std::chrono::steady_clock::time_point deadline,
                                                            const std::stop_token& giving_up) = 0;
  /// Nothing has come of it: everything is this host's again, whatever the next one has made of it.
  virtual void take_state_back() = 0;
  /// The next host's process is about to be started (`next` 0), or was. Until on_kept() or on_replaced() it may go on
  /// alone if this one ends.
  virtual void on_upgrading(pid_t next) = 0;
  /// Nothing is left of it.
  virtual void on_kept() = 0;
  /// The next host serves: finish, and end.
  virtual void on_replaced(pid_t next) = 0;
};

/// The next host's pid, once it serves. An error says why it does not: nothing is left of it then, and `outgoing` goes
/// on. What is to be given up is, unless everything is the next host's already.
base::Result<pid_t> hand_over(const UpgradeSettings& settings, Outgoing& outgoing, const std::stop_token& giving_up);

}  // namespace mortise::takeover
