// Upgrades of the host: one at a time, asked for over the control API or by a signal, and none once it stops.
#pragma once

#include <sys/types.h>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "admin/host_control.hpp"
#include "takeover/next_host.hpp"

namespace mortise::takeover {

/// Owned by the application. Any thread, but for begin() and close(): main's.
class HostUpgrade final : public admin::HostControl {
 public:
  /// `outgoing` outlives it.
  HostUpgrade(UpgradeSettings settings, Outgoing& outgoing);
  ~HostUpgrade() override;

  base::Result<admin::UpgradeOutcome> upgrade(const std::string& who) override;
  /// The same beside the caller; what comes of it is in the log.
  void begin(const std::string& who);

  [[nodiscard]] bool is_replaced() const;
  /// Gives up an upgrade that is under way, unless everything is the next host's already, waits for its end and refuses
  /// others. The pid of the host that serves instead of this one; none: there is no other.
  std::optional<pid_t> close();

 private:
  base::Result<void> claim();
  admin::UpgradeOutcome run(const std::string& who);

  const UpgradeSettings settings_;
  Outgoing& outgoing_;
  std::stop_source giving_up_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_running_ = false;           // guarded by mutex_; true for one at a time, from claim() to the end of run()
  bool is_closed_ = false;            // guarded by mutex_
  std::optional<pid_t> replaced_by_;  // guarded by mutex_
  std::thread thread_;                // of the last begin()
};

}  // namespace mortise::takeover
