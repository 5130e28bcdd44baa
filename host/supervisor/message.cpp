#include "supervisor/message.hpp"

#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::supervisor {
namespace {

constexpr std::size_t kMostBytes = 1024;

union Control {
  cmsghdr header;
  std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> bytes;
};

}  // namespace

base::Result<std::pair<base::Descriptor, base::Descriptor>> make_link() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return base::Error{base::ErrorCode::resource_exhausted,
                       std::string("cannot make a socket pair: ") + std::strerror(errno)};
  }
  return std::pair(base::Descriptor(ends[0]), base::Descriptor(ends[1]));
}

void send(const base::Descriptor& link, Kind kind, const std::string& text, const std::vector<int>& descriptors) {
  auto bytes = std::string(1, static_cast<char>(kind)) + text.substr(0, kMostBytes - 1);
  iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  Control control{};
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
  while (::sendmsg(link.get(), &message, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

std::optional<Message> receive(const base::Descriptor& link) {
  std::array<char, kMostBytes> bytes{};
  iovec piece{.iov_base = bytes.data(), .iov_len = bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  do {
    size = ::recvmsg(link.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  } while (size < 0 && errno == EINTR);
  if (size <= 0) return std::nullopt;
  Message received{.kind = static_cast<Kind>(bytes[0]), .text = {bytes.data() + 1, static_cast<std::size_t>(size) - 1}};
  for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= header->cmsg_len; at += sizeof(int)) {
      int descriptor = -1;
      std::memcpy(&descriptor, CMSG_DATA(header) + at, sizeof descriptor);
      received.descriptors.emplace_back(descriptor);
    }
  }
  return received;
}

}  // namespace mortise::supervisor
