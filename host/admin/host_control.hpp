// What an admin can ask of the host as a whole. The application's upgrade implements it; the control API is its voice.
#pragma once

#include <sys/types.h>
#include <string>

#include "base/result.hpp"

namespace mortise::admin {

struct UpgradeOutcome {
  bool is_upgraded = false;  // false: this host serves on as before
  pid_t pid = 0;             // of the host that serves
  std::string reason;        // not upgraded: why, and what to do
};

class HostControl {
 public:
  virtual ~HostControl() = default;
  HostControl() = default;
  HostControl(const HostControl&) = delete;
  HostControl& operator=(const HostControl&) = delete;

  /// Replaces this process by a new one of the executable that lies in its place. Any thread; waits until that one
  /// serves or has failed. `who` is for the log. Fails with `already_exists` while another upgrade is under way,
  /// `unavailable` when this host is ending.
  virtual base::Result<UpgradeOutcome> upgrade(const std::string& who) = 0;
};

}  // namespace mortise::admin
