#include "base/inherited_sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace mortise::base {
namespace {

constexpr const char* kVariables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
constexpr int kMostSockets = 4096;

std::optional<int> to_number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size() && number >= 0;
  return is_whole ? std::optional(number) : std::nullopt;
}

/// One address has one text, however it was written.
std::string normalize(const std::string& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (::inet_pton(family, address.c_str(), bytes.data()) != 1) continue;
    return ::inet_ntop(family, bytes.data(), text.data(), text.size());
  }
  return address;
}

Error unfit(int descriptor, const std::string& name, const std::string& why) {
  return {ErrorCode::invalid_argument, "the inherited descriptor " + std::to_string(descriptor) + " ('" + name + "') " +
                                           why + "; hand over TCP sockets that listen, and no others"};
}

}  // namespace

Result<std::vector<std::string>> parse_listen_variables(pid_t pid, const char* listen_pid, const char* listen_fds,
                                                        const char* listen_fdnames) {
  std::vector<std::string> names;
  if (listen_pid == nullptr || listen_fds == nullptr) return names;
  const auto meant = to_number(listen_pid);
  if (!meant) {
    return Error{ErrorCode::invalid_argument, "LISTEN_PID is '" + std::string(listen_pid) + "', which is no number"};
  }
  if (*meant != pid) return names;
  const auto count = to_number(listen_fds);
  if (!count || *count > kMostSockets) {
    return Error{ErrorCode::invalid_argument, "LISTEN_FDS is '" + std::string(listen_fds) +
                                                  "'; it must be the number of sockets, at most " +
                                                  std::to_string(kMostSockets)};
  }
  std::string_view rest = listen_fdnames == nullptr ? "" : listen_fdnames;
  for (int i = 0; i < *count; ++i) {
    const auto name = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    names.emplace_back(name.empty() ? "unknown" : name);
  }
  return names;
}

Result<InheritedSockets> InheritedSockets::from_environment() {
  const auto names = parse_listen_variables(::getpid(), std::getenv(kVariables[0]), std::getenv(kVariables[1]),
                                            std::getenv(kVariables[2]));
  for (const auto* variable : kVariables) ::unsetenv(variable);
  if (!names) return names.error();
  return adopt(kFirstDescriptor, *names);
}

Result<InheritedSockets> InheritedSockets::adopt(int first, const std::vector<std::string>& names) {
  InheritedSockets adopted;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const int descriptor = first + static_cast<int>(i);
    // Not owned before it is known to be there.
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) return unfit(descriptor, names[i], "is not open");
    auto socket = look_at(Descriptor(descriptor), names[i]);
    if (!socket) return socket.error();
    adopted.sockets_.push_back(std::move(*socket));
  }
  return adopted;
}

Result<InheritedSockets> InheritedSockets::adopt(std::vector<Descriptor> sockets, const std::string& name) {
  InheritedSockets adopted;
  for (auto& descriptor : sockets) {
    auto socket = look_at(std::move(descriptor), name);
    if (!socket) return socket.error();
    adopted.sockets_.push_back(std::move(*socket));
  }
  return adopted;
}

Result<InheritedSockets::Socket> InheritedSockets::look_at(Descriptor descriptor, const std::string& name) {
  const int fd = descriptor.get();
  int is_listening = 0;
  socklen_t size = sizeof is_listening;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) != 0) return unfit(fd, name, "is no socket");
  sockaddr_storage bound{};
  size = sizeof bound;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  std::array<char, INET6_ADDRSTRLEN> text{};
  Socket socket{.descriptor = std::move(descriptor), .address = {}, .port = 0, .name = name};
  if (bound.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(bound);
    socket.address = ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    socket.port = ntohs(v4.sin_port);
  } else if (bound.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(bound);
    socket.address = ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    socket.port = ntohs(v6.sin6_port);
  } else {
    return unfit(fd, name, "is no TCP socket");
  }
  if (is_listening == 0) return unfit(fd, name, "does not listen");
  return socket;
}

std::vector<Descriptor> InheritedSockets::take(const std::string& address, std::uint16_t port) {
  const auto wanted = normalize(address);
  std::vector<Descriptor> taken;
  for (auto& socket : sockets_) {
    if (socket.address != wanted || (port != 0 && socket.port != port)) continue;
    port = socket.port;
    taken.push_back(std::move(socket.descriptor));
  }
  std::erase_if(sockets_, [](const Socket& socket) { return !socket.descriptor.is_open(); });
  return taken;
}

std::string InheritedSockets::describe_rest() const {
  std::string text;
  for (const auto& socket : sockets_) {
    const bool is_v6 = socket.address.find(':') != std::string::npos;
    text += (text.empty() ? "'" : ", '") + socket.name + "' (" + (is_v6 ? "[" + socket.address + "]" : socket.address) +
            ":" + std::to_string(socket.port) + ")";
  }
  return text;
}

}  // namespace mortise::base
