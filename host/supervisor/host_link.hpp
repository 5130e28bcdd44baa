// The host process's end of the link to its supervisor: tells it what it must know, and gives it what is to outlive
// the process.
#pragma once

#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/files.hpp"

namespace mortise::supervisor {

/// Any thread, but lock and sockets: those of one.
class HostLink {
 public:
  HostLink(base::Descriptor link, pid_t supervisor) : link_(std::move(link)), supervisor_(supervisor) {}

  /// The process that admins and the service manager know as the host.
  [[nodiscard]] pid_t supervisor() const { return supervisor_; }

  /// Has the supervisor hold these, too: whatever becomes of this process, the next one gets them.
  void keep_lock(int lock) const;
  void keep_sockets(const std::vector<int>& sockets) const;

  /// What a former host had is this one's: from here on the supervisor brings it back when it crashes.
  void tell_owner() const;
  /// Every enabled plugin runs or has failed. The service manager hears of it.
  void tell_ready() const;
  /// What is to follow from the crashes before this life stands in the history.
  void tell_settled() const;
  /// Between tell_upgrading() and one of the other two another host is being started; should this process crash
  /// meanwhile, that one goes on alone. `pid` 0: it is not known yet.
  void tell_upgrading(pid_t pid) const;
  void tell_kept() const;
  void tell_replaced(pid_t pid) const;
  /// The end that follows is no crash; nobody waits at the sockets any more.
  void tell_ending() const;

 private:
  base::Descriptor link_;
  pid_t supervisor_;
};

}  // namespace mortise::supervisor
