// Tells the service manager that has started this process what it is doing, by the protocol of sd_notify(3).
#pragma once

#include <string>

namespace mortise::base {

/// Sends `state` ("READY=1"; several lines are one message) to the socket that NOTIFY_SOCKET names. Nothing happens
/// where nobody wants to know; a manager that cannot be reached is an error of its own, which it finds out by itself.
void notify_service_manager(const std::string& state);

}  // namespace mortise::base
