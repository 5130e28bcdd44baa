#include "admin/control_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>
#include <poll.h>
#include <sys/stat.h>
#include <string>

namespace mortise::admin {
namespace {

namespace net = Poco::Net;
using base::Error;
using base::ErrorCode;

net::SocketAddress to_address(const std::filesystem::path& socket) {
  return {net::AddressFamily::UNIX_LOCAL, socket.string()};
}

bool is_served(const std::filesystem::path& socket) {
  try {
    net::StreamSocket probe;
    probe.connect(to_address(socket));
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

}  // namespace

base::Result<void> remove_stale(const std::filesystem::path& socket, base::Files& files) {
  const auto stamp = files.stamp(socket.string());
  if (!stamp) {
    if (stamp.error().code == ErrorCode::not_found) return {};
    return stamp.error();
  }
  if (!S_ISSOCK(stamp->mode)) {
    return Error{ErrorCode::already_exists, "'" + socket.string() +
                                                "' is there and is no socket; move it away, or set another "
                                                "control_socket in mortise.json"};
  }
  if (is_served(socket)) {
    return Error{ErrorCode::already_exists, "another process serves '" + socket.string() +
                                                "'; stop it, or set another control_socket in mortise.json"};
  }
  return files.remove(socket.string());
}

std::filesystem::path name_beside(const std::filesystem::path& socket) {
  auto name = socket.string();
  name.back() = name.back() == '~' ? '_' : '~';
  return name;
}

bool has_hung_up(int connection) noexcept {
  pollfd end{.fd = connection, .events = 0, .revents = 0};
  return ::poll(&end, 1, 0) > 0;  // POLLHUP and POLLERR are told of unasked
}

base::Result<net::ServerSocket> listen_at(const std::filesystem::path& socket, mode_t mode, int backlog) {
  try {
    net::ServerSocket made;
    // A socket comes into being with what the umask leaves of 0777, and to change that would change it for every
    // thread. Nobody gets in meanwhile: before listen() the kernel refuses whoever connects.
    made.bind(to_address(socket));
    std::filesystem::permissions(socket, static_cast<std::filesystem::perms>(mode));
    made.listen(backlog);
    return made;
  } catch (const Poco::Exception& error) {
    return Error{ErrorCode::unavailable, error.displayText()};
  } catch (const std::filesystem::filesystem_error& error) {
    return Error{ErrorCode::unavailable, error.code().message()};
  }
}

}  // namespace mortise::admin
