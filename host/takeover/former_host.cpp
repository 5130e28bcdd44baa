#include "takeover/former_host.hpp"

#include <fcntl.h>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "telemetry/log.hpp"

namespace mortise::takeover {

using base::Descriptor;
using telemetry::Level;

base::Result<std::unique_ptr<FormerHost>> FormerHost::from_environment() {
  const auto* const variable = std::getenv(kVariable);
  if (variable == nullptr) return std::unique_ptr<FormerHost>();
  const std::string text = variable;
  ::unsetenv(kVariable);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  const bool has_both =
      ::fcntl(kChannelDescriptor, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(kLockDescriptor, F_SETFD, FD_CLOEXEC) == 0;
  if (!is_number || !has_both) {
    return base::Error{base::ErrorCode::invalid_argument, std::string(kVariable) + " is '" + text +
                                                              "', which only a host that is being replaced may set; "
                                                              "remove it from the environment"};
  }
  Channel channel{Descriptor(kChannelDescriptor)};
  auto lock = base::InstanceLock::share(Descriptor(kLockDescriptor));
  auto sockets = base::InheritedSockets::adopt(kFirstSocket, std::vector<std::string>(count, "of the former host"));
  if (!sockets) {
    channel.send(line::kFailed, {{"reason", sockets.error().message}});
    return sockets.error();
  }
  return std::make_unique<FormerHost>(std::move(channel), std::move(lock), std::move(*sockets));
}

FormerHost::FormerHost(Channel channel, base::InstanceLock lock, base::InheritedSockets sockets)
    : channel_(std::move(channel)), lock_(std::move(lock)), sockets_(std::move(sockets)) {}

base::InstanceLock FormerHost::borrow_state() {
  if (channel_) channel_->send(line::kPrepared);
  wait_for(line::kLent);
  return std::move(lock_);
}

void FormerHost::wait_until_owner(const std::vector<std::string>& running,
                                  const std::map<std::string, std::string>& reasons) {
  if (channel_) channel_->send(line::kReady, {{"running", running}, {"reasons", reasons}});
  wait_for(line::kYours);
}

void FormerHost::dismiss() {
  if (channel_) channel_->send(line::kServing);
  channel_.reset();
}

void FormerHost::refuse(const std::string& reason) {
  if (channel_) channel_->send(line::kFailed, {{"reason", reason}});
  channel_.reset();
}

void FormerHost::yield(const std::string& reason) {
  if (!channel_) return;
  channel_->send(line::kFailed, {{"reason", reason}});
  while (channel_->receive(Channel::Clock::time_point::max()).line) continue;
  channel_.reset();
}

/// A former host that gives up kills this one first; so the channel's end means that it has ended itself.
void FormerHost::wait_for(const char* what) {
  if (!channel_) return;
  while (const auto received = channel_->receive(Channel::Clock::time_point::max()).line) {
    if (said_in(*received) == what) return;
  }
  telemetry::log(Level::warning, "host", "the former host has ended; this one goes on alone");
  channel_.reset();
}

}  // namespace mortise::takeover
