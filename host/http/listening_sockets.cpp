#include "http/listening_sockets.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

namespace mortise::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using base::Descriptor;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

base::Error cannot_listen(const std::string& address, std::uint16_t port, const boost::system::error_code& ec) {
  std::string next;
  if (ec == asio::error::address_in_use) next = "; stop the program that holds it, or choose another port";
  if (ec == asio::error::access_denied) next = "; ports below 1024 need the capability CAP_NET_BIND_SERVICE";
  return {base::ErrorCode::unavailable,
          "cannot listen on " + address + ":" + std::to_string(port) + " (edge.listen): " + ec.message() + next};
}

/// SO_REUSEPORT would let two hosts share the port unseen: a socket without it finds out.
boost::system::error_code look_for_others(asio::io_context& io, const tcp::endpoint& endpoint) {
  boost::system::error_code ec;
  tcp::acceptor alone(io);
  alone.open(endpoint.protocol(), ec);
  if (!ec) alone.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) alone.bind(endpoint, ec);
  return ec;
}

}  // namespace

base::Result<std::vector<Descriptor>> listen_on(const std::string& address, std::uint16_t port, std::size_t count) {
  boost::system::error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) {
    return base::Error{base::ErrorCode::invalid_argument,
                       "edge.listen: '" + address + "' is no IP address; write one like 127.0.0.1, 0.0.0.0 or ::"};
  }
  asio::io_context io;
  if (port != 0) ec = look_for_others(io, {ip, port});
  std::vector<Descriptor> sockets;
  for (std::size_t i = 0; i < count && !ec; ++i) {
    tcp::acceptor acceptor(io);
    acceptor.open(ip.is_v6() ? tcp::v6() : tcp::v4(), ec);
    if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor.set_option(ReusePort(true), ec);
    if (!ec) acceptor.bind({ip, port}, ec);
    if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
    if (ec) break;
    port = acceptor.local_endpoint().port();
    sockets.emplace_back(acceptor.release());
  }
  if (ec) return cannot_listen(address, port, ec);
  return sockets;
}

base::Result<void> share_out(std::vector<Descriptor>& sockets, std::size_t count) {
  for (std::size_t i = 0; sockets.size() < count; ++i) {
    Descriptor second(::fcntl(sockets[i].get(), F_DUPFD_CLOEXEC, 0));
    if (!second.is_open()) {
      return base::Error{base::ErrorCode::resource_exhausted,
                         std::string("cannot share a listening socket among the loops: ") + std::strerror(errno) +
                             "; raise the hard limit of open files (ulimit -Hn)"};
    }
    sockets.push_back(std::move(second));
  }
  return {};
}

base::Result<tcp::acceptor> make_acceptor(asio::io_context& io, Descriptor socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  boost::system::error_code ec;
  tcp::acceptor acceptor(io);
  acceptor.assign(bound.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), socket.get(), ec);
  if (!ec) socket.release();
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) {
    return base::Error{base::ErrorCode::unavailable, "cannot wait for connections on a listening socket: " +
                                                         ec.message() + "; raise fs.epoll.max_user_watches"};
  }
  return acceptor;
}

}  // namespace mortise::http
