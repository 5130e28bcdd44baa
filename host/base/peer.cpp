#include "base/peer.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace mortise::base {

bool has_peer_gone(int descriptor) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info.tcpi_state;  // its first member: the rest is not asked for
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  switch (info.tcpi_state) {
    case TCP_CLOSE_WAIT:
    case TCP_LAST_ACK:
    case TCP_CLOSING:
    case TCP_TIME_WAIT:
    case TCP_CLOSE: return true;
    default: return false;
  }
}

}  // namespace mortise::base
