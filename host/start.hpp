// How this process came into being: what main knows before it reads any configuration, and what the supervisor has
// given it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/inherited_sockets.hpp"
#include "base/instance_lock.hpp"
#include "base/result.hpp"
#include "supervisor/host_link.hpp"
#include "takeover/former_host.hpp"
#include "telemetry/crash_mark.hpp"

namespace mortise {

/// Made by main, outlives the application.
struct Start {
  std::string executable;  // absolute; what lies there later may be another version
  std::vector<std::string> arguments;
  std::vector<std::string> environment;            // without what was meant for this process alone
  base::Result<base::InheritedSockets> inherited;  // from the service manager, or from a host process that has crashed
  // In which the workers of isolated plugins get control groups of their own, or why they cannot.
  base::Result<std::string> control_group = base::Error{base::ErrorCode::not_found, "the host has none"};
  std::unique_ptr<takeover::FormerHost> former{};    // that this one replaces, or null
  std::optional<supervisor::HostLink> supervisor{};  // there in a host process
  bool is_restart = false;                           // the host process before this one has crashed
  std::optional<base::InstanceLock> lock{};          // that this one has left
  std::vector<telemetry::CrashMark> crashes{};       // of host processes before this one, still to be judged
};

}  // namespace mortise
