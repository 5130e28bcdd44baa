#include "takeover/host_upgrade.hpp"

#include <utility>

#include "telemetry/log.hpp"

namespace mortise::takeover {

using base::Error;
using base::ErrorCode;
using telemetry::Level;

HostUpgrade::HostUpgrade(UpgradeSettings settings, Outgoing& outgoing)
    : settings_(std::move(settings)), outgoing_(outgoing) {}

HostUpgrade::~HostUpgrade() {
  close();
  if (thread_.joinable()) thread_.join();
}

base::Result<admin::UpgradeOutcome> HostUpgrade::upgrade(const std::string& who) {
  if (const auto claimed = claim(); !claimed) return claimed.error();
  return run(who);
}

void HostUpgrade::begin(const std::string& who) {
  if (const auto claimed = claim(); !claimed) {
    telemetry::log(Level::warning, "host", "cannot upgrade", {{"who", who}, {"reason", claimed.error().message}});
    return;
  }
  if (thread_.joinable()) thread_.join();  // of one that has ended, or it could not be claimed
  thread_ = std::thread([this, who] { run(who); });
}

base::Result<void> HostUpgrade::claim() {
  const std::lock_guard lock(mutex_);
  if (replaced_by_) {
    return Error{ErrorCode::unavailable,
                 "this host was replaced by another one (pid " + std::to_string(*replaced_by_) + "); ask that"};
  }
  if (is_closed_) return Error{ErrorCode::unavailable, "the host is stopping"};
  if (is_running_) return Error{ErrorCode::already_exists, "an upgrade of the host is under way; wait for its end"};
  is_running_ = true;
  return {};
}

admin::UpgradeOutcome HostUpgrade::run(const std::string& who) {
  telemetry::log(Level::info, "host", "upgrading the host", {{"who", who}, {"executable", settings_.executable}});
  const auto handed = hand_over(settings_, outgoing_, giving_up_.get_token());
  admin::UpgradeOutcome outcome{.is_upgraded = handed.has_value(), .pid = settings_.pid, .reason = {}};
  if (handed) {
    outcome.pid = *handed;
    telemetry::log(Level::info, "host", "replaced by a new host", {{"pid", std::to_string(*handed)}});
  } else {
    outcome.reason = handed.error().message;
    telemetry::log(Level::error, "host", "the upgrade failed; this host serves on", {{"reason", outcome.reason}});
  }
  {
    const std::lock_guard lock(mutex_);
    is_running_ = false;
    if (handed) replaced_by_ = *handed;
  }
  changed_.notify_all();
  if (handed) outgoing_.on_replaced(*handed);
  return outcome;
}

bool HostUpgrade::is_replaced() const {
  const std::lock_guard lock(mutex_);
  return replaced_by_.has_value();
}

std::optional<pid_t> HostUpgrade::close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  giving_up_.request_stop();
  changed_.wait(lock, [this] { return !is_running_; });
  return replaced_by_;
}

}  // namespace mortise::takeover
