// The file of the control socket. Inside this folder only; heavy: include it in sources alone.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <sys/types.h>
#include <filesystem>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::admin {

/// Makes room for the socket where a host that has died left its own.
base::Result<void> remove_stale(const std::filesystem::path& socket, base::Files& files);

/// A name in the same folder for the socket that is to replace one that is served still: as long as that one's own,
/// which may be as long as a socket's path can be.
std::filesystem::path name_beside(const std::filesystem::path& socket);

/// Whether the other side of the connection has closed it. That it sends nothing more, as some do once they have asked,
/// is not that.
bool has_hung_up(int connection) noexcept;

/// Makes the socket with that mode, and listens. The error is the cause alone.
base::Result<Poco::Net::ServerSocket> listen_at(const std::filesystem::path& socket, mode_t mode, int backlog);

}  // namespace mortise::admin
