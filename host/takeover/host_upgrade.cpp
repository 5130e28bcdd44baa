#include "takeover/host_upgrade.hpp"

#include <sys/eventfd.h>
#include <unistd.h>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/service_manager.hpp"
#include "telemetry/log.hpp"

namespace mortise::takeover {

using base::Error;
using base::ErrorCode;
using telemetry::Level;

namespace {

base::Descriptor make_event() {
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return base::Descriptor(event);
}

}  // namespace

HostUpgrade::HostUpgrade(UpgradeSettings settings, Outgoing& outgoing)
    : settings_(std::move(settings)), outgoing_(outgoing), interrupt_(make_event()) {}

HostUpgrade::~HostUpgrade() {
  close();
  if (thread_.joinable()) thread_.join();
}

base::Result<admin::UpgradeOutcome> HostUpgrade::upgrade(const std::string& who) {
  {
    const std::lock_guard lock(mutex_);
    if (replaced_by_) {
      return Error{ErrorCode::unavailable,
                   "this host was replaced by another one (pid " + std::to_string(*replaced_by_) + "); ask that"};
    }
    if (is_closed_) return Error{ErrorCode::unavailable, "the host is stopping"};
    if (is_running_) return Error{ErrorCode::already_exists, "an upgrade of the host is under way; wait for its end"};
    is_running_ = true;
  }
  telemetry::log(Level::info, "host", "upgrading the host", {{"who", who}, {"executable", settings_.executable}});
  const auto handed = hand_over(settings_, outgoing_, interrupt_.get());
  admin::UpgradeOutcome outcome{.is_upgraded = handed.has_value(), .pid = ::getpid(), .reason = {}};
  if (handed) {
    outcome.pid = *handed;
    base::notify_service_manager("MAINPID=" + std::to_string(*handed));
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
  if (handed) outgoing_.on_replaced();
  return outcome;
}

void HostUpgrade::begin(const std::string& who) {
  {
    const std::lock_guard lock(mutex_);
    if (is_running_) {
      telemetry::log(Level::warning, "host", "an upgrade of the host is under way already", {{"who", who}});
      return;
    }
  }
  if (thread_.joinable()) thread_.join();
  thread_ = std::thread([this, who] {
    const auto outcome = upgrade(who);
    if (!outcome) telemetry::log(Level::warning, "host", "cannot upgrade", {{"reason", outcome.error().message}});
  });
}

bool HostUpgrade::is_replaced() const {
  const std::lock_guard lock(mutex_);
  return replaced_by_.has_value();
}

std::optional<pid_t> HostUpgrade::close() {
  std::unique_lock lock(mutex_);
  is_closed_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(interrupt_.get(), &one, sizeof one);
  changed_.wait(lock, [this] { return !is_running_; });
  return replaced_by_;
}

}  // namespace mortise::takeover
