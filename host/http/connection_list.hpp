// The open connections of one loop. Being in the list is what makes a connection's descriptor safe to use from other
// threads: it leaves the list, under the lock, before it closes.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <unordered_set>

namespace mortise::http {

class Connection;

/// Any thread.
class ConnectionList {
 public:
  void add(Connection& connection) {
    const std::lock_guard lock(mutex_);
    items_.insert(&connection);
  }
  void remove(Connection& connection) {
    const std::lock_guard lock(mutex_);
    items_.erase(&connection);
  }
  /// Calls `visit` for each under the lock: it must be quick, and must not drop the last hold on a connection.
  void for_each(const std::function<void(Connection&)>& visit) {
    const std::lock_guard lock(mutex_);
    for (auto* connection : items_) visit(*connection);
  }
  /// Calls `visit` with the lock held, as for_each(), if the connection is (still) there.
  void visit(const Connection* connection, const std::function<void(Connection&)>& visit) {
    const std::lock_guard lock(mutex_);
    const auto found = items_.find(const_cast<Connection*>(connection));  // only to be compared
    if (found != items_.end()) visit(**found);
  }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_set<Connection*> items_;  // guarded by mutex_
};

}  // namespace mortise::http
