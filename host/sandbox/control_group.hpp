// Control groups (cgroup v2): the kernel's own bounds for all of a process, where whoever runs the machine has given
// the host a group to make others in. A service manager does that (systemd: Delegate=yes), or an admin who names one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mortise::sandbox {

/// 0: none.
struct GroupLimits {
  std::uint64_t memory_bytes = 0;  // of all that the process has in memory
  unsigned cpu_percent = 0;        // of one processor

  [[nodiscard]] bool are_none() const noexcept { return memory_bytes == 0 && cpu_percent == 0; }
};

/// Why limits are not in force; empty: they are, or there is none.
struct MissingLimits {
  std::string memory;
  std::string cpu;

  /// Both, for people.
  [[nodiscard]] std::string to_string() const;
};

/// The name of the measure; see sandbox.hpp.
inline constexpr std::string_view kControlGroup = "control group";

/// Where the calling process may make groups: the one that `configured` names, or else, where that is empty, the one
/// that a service manager has delegated to it. The process leaves a delegated group for one below it, as no group may
/// have both processes and groups with limits; what it starts goes with it. The error says why there is none. Call it
/// before there are others that it could leave behind.
base::Result<std::string> settle_in_groups(const std::string& configured);

/// Removes the groups of processes that are no more: those of a host that has crashed.
void remove_left_groups(const std::string& parent);

/// Whether a group's memory.events tell that a process was killed because the group was past its own limit, and not
/// because the machine, or a group above it, was out of memory.
bool tell_of_own_limit(std::istream& events);

/// Of one process. Any thread, one at a time.
class ControlGroup {
 public:
  /// For a plugin's process that has just begun, below `parent`, with as many of the limits as can be had.
  static base::Result<ControlGroup> make(const std::string& parent, const std::string& plugin, pid_t process,
                                         const GroupLimits& limits);
  ControlGroup(ControlGroup&& other) noexcept;
  ControlGroup& operator=(ControlGroup&&) = delete;
  /// Removes it: the process has been waited for.
  ~ControlGroup();

  [[nodiscard]] const MissingLimits& missing() const noexcept { return missing_; }
  /// Whether the kernel has killed the process because it was past its own limit of memory.
  [[nodiscard]] bool has_run_out_of_memory() const;

 private:
  explicit ControlGroup(std::string path) : path_(std::move(path)) {}

  void limit(const std::string& parent, const GroupLimits& limits);

  std::string path_;  // empty: moved from
  MissingLimits missing_;
};

}  // namespace mortise::sandbox
