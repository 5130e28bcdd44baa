// From a host's name to a connection with it, whichever of its addresses answers.
#pragma once

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::remote {

/// What the name stands for at this moment, one at least, IPv4 first; a number stands for itself. How long that takes
/// is for the system's resolver to say.
[[nodiscard]] base::Result<std::vector<Poco::Net::SocketAddress>> resolve(const std::string& host, std::uint16_t port);

/// With the first of them that takes it, asked one after the other: until `deadline`, and for two seconds at most. One
/// that is silent leaves the others their share of that. The socket is a CallSocket's.
[[nodiscard]] base::Result<Poco::Net::StreamSocket> connect_to_any(
    const std::vector<Poco::Net::SocketAddress>& addresses, std::chrono::steady_clock::time_point deadline);

}  // namespace mortise::remote
