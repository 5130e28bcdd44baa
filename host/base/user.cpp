#include "base/user.hpp"

#include <pwd.h>
#include <sys/socket.h>
#include <array>
#include <cerrno>
#include <cstring>

namespace mortise::base {

std::string describe_user(uid_t user) {
  std::array<char, 4096> texts{};
  passwd entry{};
  passwd* found = nullptr;
  auto number = "uid " + std::to_string(user);
  if (::getpwuid_r(user, &entry, texts.data(), texts.size(), &found) != 0 || found == nullptr) return number;
  return std::string(entry.pw_name) + " (" + number + ")";
}

Result<uid_t> peer_user(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Error{ErrorCode::internal, std::string("cannot tell who is at the other end: ") + std::strerror(errno)};
  }
  return peer.uid;
}

}  // namespace mortise::base
