#include "http/listener.hpp"

#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <string>
#include <utility>

#include "http/connection.hpp"
#include "http/loop.hpp"
#include "http/shared.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// How long to leave a full house alone before looking again.
constexpr std::chrono::milliseconds kFullPause{20};
constexpr std::chrono::milliseconds kErrorPause{100};

base::Error cannot_listen(const std::string& address, std::uint16_t port, const boost::system::error_code& ec) {
  std::string next;
  if (ec == asio::error::address_in_use) next = "; stop the program that holds it, or choose another port";
  if (ec == asio::error::access_denied) next = "; ports below 1024 need the capability CAP_NET_BIND_SERVICE";
  return {base::ErrorCode::unavailable,
          "cannot listen on " + address + ":" + std::to_string(port) + " (edge.listen): " + ec.message() + next};
}

}  // namespace

base::Result<tcp::acceptor> listen_on(Loop& loop, const std::string& address, std::uint16_t port, bool is_first) {
  boost::system::error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) {
    return base::Error{base::ErrorCode::invalid_argument,
                       "edge.listen: '" + address + "' is no IP address; write one like 127.0.0.1, 0.0.0.0 or ::"};
  }
  const tcp::endpoint endpoint(ip, port);
  if (is_first && port != 0) {
    // SO_REUSEPORT would let two hosts share the port unseen: a socket without it finds out.
    tcp::acceptor alone(loop.io());
    alone.open(endpoint.protocol(), ec);
    if (!ec) alone.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) alone.bind(endpoint, ec);
    if (ec) return cannot_listen(address, port, ec);
  }
  tcp::acceptor acceptor(loop.io());
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec) acceptor.set_option(ReusePort(true), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(asio::socket_base::max_listen_connections, ec);
  if (!ec) acceptor.non_blocking(true, ec);
  if (ec) return cannot_listen(address, port, ec);
  return acceptor;
}

Listener::Listener(Loop& loop, std::shared_ptr<Shared> shared, tcp::acceptor acceptor, TlsContextPtr tls)
    : loop_(loop), shared_(std::move(shared)), tls_(std::move(tls)), acceptor_(std::move(acceptor)), pause_(loop.io()) {
  loop_.poller().give_way_to(acceptor_.native_handle());
}

std::uint16_t Listener::port() const { return acceptor_.local_endpoint().port(); }

void Listener::start() {
  loop_.post([self = shared_from_this()] { self->accept(); });
}

void Listener::close() {
  loop_.post([self = shared_from_this()] {
    boost::system::error_code ignored;  // it is closed afterwards in any case
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  if (shared_->connection_count.load(std::memory_order_relaxed) >= shared_->settings.max_connections) {
    return back_off(kFullPause);  // the kernel's backlog keeps those who wait
  }
  acceptor_.async_accept(loop_.io(), peer_,
                         [self = shared_from_this()](const boost::system::error_code& ec, tcp::socket socket) {
                           self->on_accept(ec, std::move(socket), self->peer_);
                         });
}

void Listener::on_accept(const boost::system::error_code& ec, tcp::socket socket, const tcp::endpoint& peer) {
  if (ec == asio::error::operation_aborted || !acceptor_.is_open()) return;
  if (ec == asio::error::no_descriptors || ec == boost::system::errc::too_many_files_open_in_system ||
      ec == asio::error::no_memory || ec == asio::error::no_buffer_space) {
    telemetry::log(telemetry::Level::error, "http", "cannot accept connections; trying again",
                   {{"reason", ec.message()}, {"next", "raise the hard limit of open files (ulimit -Hn)"}});
    return back_off(kErrorPause);
  }
  if (!ec) {
    boost::system::error_code ignored;  // a peer that is gone already is found out when it is read from
    socket.non_blocking(true, ignored);
    socket.set_option(tcp::no_delay(true), ignored);
    const auto address = peer.address().to_string();
    const auto text = (peer.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(peer.port());
    if (tls_) loop_.poller().give_way_to(socket.native_handle());
    auto transport =
        tls_ ? make_tls_transport(std::move(socket), tls_) : make_tcp_transport(std::move(socket), loop_.poller());
    if (!transport) return back_off(kErrorPause);
    const ConnectionPtr connection(new Connection(loop_, *shared_, shared_, std::move(transport), text));
    connection->start();
  }
  accept();
}

void Listener::back_off(std::chrono::milliseconds pause) {
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->accept();
  });
}

}  // namespace mortise::http
