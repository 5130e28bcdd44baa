#include "base/message_socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::base {
namespace {

union MessageControl {
  cmsghdr header;
  std::array<char, CMSG_SPACE(kMostMessageDescriptors * sizeof(int))> bytes;
};

}  // namespace

Result<std::pair<Descriptor, Descriptor>> make_message_sockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error{ErrorCode::resource_exhausted, std::string("cannot make a socket pair: ") + std::strerror(errno)};
  }
  return std::pair(Descriptor(ends[0]), Descriptor(ends[1]));
}

bool send_message(int socket, std::string_view bytes, const std::vector<int>& descriptors) {
  auto sent = std::string(bytes.substr(0, kMostMessageBytes));
  iovec piece{.iov_base = sent.data(), .iov_len = sent.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  MessageControl control{};
  if (descriptors.size() > kMostMessageDescriptors) return false;
  if (!descriptors.empty()) {
    const auto size = descriptors.size() * sizeof(int);
    message.msg_control = control.bytes.data();
    message.msg_controllen = CMSG_SPACE(size);
    auto* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(size);
    std::memcpy(CMSG_DATA(header), descriptors.data(), size);
  }
  ssize_t result = 0;
  do result = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  while (result < 0 && errno == EINTR);
  return result >= 0;
}

std::optional<SocketMessage> receive_message(int socket) {
  std::array<char, kMostMessageBytes> bytes{};
  iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  MessageControl control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  do size = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  SocketMessage received{.bytes = {bytes.data(), static_cast<std::size_t>(size)}};
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      received.descriptors.emplace_back(descriptor);
    }
  }
  if ((message.msg_flags & MSG_CTRUNC) != 0) return std::nullopt;
  return received;
}

bool is_readable_within(int descriptor, std::chrono::milliseconds limit) noexcept {
  pollfd wait{.fd = descriptor, .events = POLLIN, .revents = 0};
  const auto until = std::chrono::steady_clock::now() + limit;
  for (auto left = limit;;
       left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now())) {
    const int found = ::poll(&wait, 1, limit.count() < 0 ? -1 : std::max(0, static_cast<int>(left.count())));
    if (found >= 0 || errno != EINTR) return found > 0;
  }
}

}  // namespace mortise::base
