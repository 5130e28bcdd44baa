// The side of the new host: the one that it replaces, from whom it gets the sockets, the lock and the state directory.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/inherited_sockets.hpp"
#include "base/instance_lock.hpp"
#include "base/result.hpp"
#include "takeover/channel.hpp"

namespace mortise::takeover {

/// One thread; from the start of the process to its being the host. A former host that ends in the middle has left
/// everything to this one, which goes on alone: both hold the lock and the sockets from the beginning.
class FormerHost {
 public:
  /// Null when this process was not started by one. Takes what it was handed and clears the environment of that: before
  /// any thread exists.
  static base::Result<std::unique_ptr<FormerHost>> from_environment();
  FormerHost(Channel channel, base::InstanceLock lock, base::InheritedSockets sockets);

  base::InheritedSockets take_sockets() { return std::move(sockets_); }
  /// Waits until the former host writes no more in the state directory; its lock.
  base::InstanceLock borrow_state();
  /// `running`: names of the plugins; `reasons`: why others do not run. Waits until everything is this host's.
  void wait_until_owner(const std::vector<std::string>& running, const std::map<std::string, std::string>& reasons);
  /// The former one may go.
  void dismiss();
  /// This one cannot come up; only the first reason counts. Nothing after dismiss().
  void refuse(const std::string& reason);
  /// As refuse(), in another process than the one that was to be the next host, which has ended. The former host kills
  /// this one for it; returns when there is none, or it has gone because it was replaced.
  void yield(const std::string& reason);

 private:
  void wait_for(const char* what);

  std::optional<Channel> channel_;  // none: nobody is at the other end
  base::InstanceLock lock_;
  base::InheritedSockets sockets_;
};

}  // namespace mortise::takeover
