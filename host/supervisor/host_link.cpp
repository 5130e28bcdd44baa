#include "supervisor/host_link.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include "supervisor/message.hpp"

namespace mortise::supervisor {

void HostLink::keep_lock(int lock) const { send(link_, Kind::lock, {}, {lock}); }

void HostLink::keep_sockets(const std::vector<int>& sockets) const {
  for (std::size_t first = 0; first < sockets.size(); first += base::kMostMessageDescriptors) {
    const auto begin = sockets.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(base::kMostMessageDescriptors, sockets.size() - first);
    send(link_, Kind::sockets, {}, {begin, begin + static_cast<std::ptrdiff_t>(count)});
  }
  send(link_, Kind::listening);
}

void HostLink::tell_owner() const { send(link_, Kind::owner); }

void HostLink::tell_ready() const { send(link_, Kind::ready); }

void HostLink::tell_settled() const { send(link_, Kind::settled); }

void HostLink::tell_upgrading(pid_t pid) const { send(link_, Kind::upgrading, std::to_string(pid)); }

void HostLink::tell_kept() const { send(link_, Kind::kept); }

void HostLink::tell_replaced(pid_t pid) const { send(link_, Kind::replaced, std::to_string(pid)); }

void HostLink::tell_ending() const { send(link_, Kind::ending); }

}  // namespace mortise::supervisor
