#include "remote/connecting.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HostEntry.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cstddef>

#include "remote/call_socket.hpp"
#include "remote/reason.hpp"

namespace mortise::remote {
namespace {

using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;
using std::chrono::microseconds;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongestConnect{2};
// Of one of many addresses; those that are left out then come to their turn when one before them refuses.
constexpr std::chrono::milliseconds kLeastShare{250};

/// A machine that has gone without a word is nobody to wait for where a call has no deadline, nor are idle connections
/// to it worth keeping.
void find_out_who_is_gone(StreamSocket& socket) {
  constexpr int kSilentSeconds = 15;
  constexpr int kBetweenSeconds = 5;
  constexpr int kProbes = 3;
  socket.setKeepAlive(true);
  socket.setOption(IPPROTO_TCP, TCP_KEEPIDLE, kSilentSeconds);
  socket.setOption(IPPROTO_TCP, TCP_KEEPINTVL, kBetweenSeconds);
  socket.setOption(IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

StreamSocket connect(const SocketAddress& address, Clock::duration most) {
  StreamSocket socket(new CallSocket);
  // Poco waits for whole milliseconds, and must not be back before the deadline.
  socket.connect(address, microseconds(std::chrono::ceil<std::chrono::milliseconds>(most)).count());
  socket.setNoDelay(true);
  find_out_who_is_gone(socket);
  return socket;
}

}  // namespace

base::Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port) {
  try {
    Poco::Net::IPAddress number;
    if (Poco::Net::IPAddress::tryParse(host, number)) return std::vector{SocketAddress(number, port)};
    const auto entry = Poco::Net::DNS::hostByName(host);
    std::vector<SocketAddress> addresses;
    for (const auto& address : entry.addresses()) addresses.emplace_back(address, port);
    std::stable_partition(addresses.begin(), addresses.end(),
                          [](const SocketAddress& one) { return one.family() == SocketAddress::IPv4; });
    if (addresses.empty()) return base::Error{base::ErrorCode::unavailable, "the name " + host + " has no address"};
    return addresses;
  } catch (const Poco::Exception& exception) {
    return base::Error{base::ErrorCode::unavailable, reason_of(exception)};
  }
}

base::Result<StreamSocket> connect_to_any(const std::vector<SocketAddress>& addresses, Clock::time_point deadline) {
  const auto end = std::min(deadline, Clock::now() + kLongestConnect);
  std::string reason;
  std::string last;  // that it is of
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto left = std::max<Clock::duration>(end - Clock::now(), microseconds(1));
    const auto share = std::max<Clock::duration>(left / (addresses.size() - i), kLeastShare);
    try {
      return connect(addresses[i], std::min(left, share));
    } catch (const Poco::Exception& exception) {
      reason = reason_of(exception);
      last = addresses[i].toString();
    }
    if (Clock::now() >= end) break;
  }
  if (addresses.size() > 1) {
    reason =
        "none of its " + std::to_string(addresses.size()) + " addresses takes a connection; " + last + ": " + reason;
  }
  return base::Error{base::ErrorCode::unavailable, reason};
}

}  // namespace mortise::remote
