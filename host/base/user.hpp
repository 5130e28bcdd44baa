// Who somebody is to the operating system: names for messages, and the other end of a local connection.
#pragma once

#include <sys/types.h>
#include <string>

#include "base/result.hpp"

namespace mortise::base {

/// "root (uid 0)"; "uid 4711" when the system knows no name for it.
std::string describe_user(uid_t user);

/// Whose process made the connection to this end of a unix domain socket. The kernel vouches for it.
Result<uid_t> peer_user(int socket);

}  // namespace mortise::base
