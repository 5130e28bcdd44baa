// How this process came into being: what main knows before it reads any configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/inherited_sockets.hpp"
#include "base/result.hpp"
#include "takeover/former_host.hpp"

namespace mortise {

/// Made by main, outlives the application.
struct Start {
  std::string executable;  // absolute; what lies there later may be another version
  std::vector<std::string> arguments;
  std::vector<std::string> environment;            // without what was meant for this process alone
  base::Result<base::InheritedSockets> inherited;  // from the service manager
  std::unique_ptr<takeover::FormerHost> former{};  // that this one replaces, or null
};

}  // namespace mortise
