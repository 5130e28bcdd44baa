#include "http/listener.hpp"

#include <unistd.h>
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

// How long to leave a full house alone before looking again.
constexpr std::chrono::milliseconds kFullPause{20};
constexpr std::chrono::milliseconds kErrorPause{100};

}  // namespace

Listener::Listener(Loop& loop, std::shared_ptr<Shared> shared, tcp::acceptor acceptor, TlsContextPtr tls)
    : loop_(loop), shared_(std::move(shared)), tls_(std::move(tls)), acceptor_(std::move(acceptor)), pause_(loop.io()) {
  loop_.poller().give_way_to(acceptor_.native_handle());
}

void Listener::start() {
  loop_.post([self = shared_from_this()] { self->accept(); });
}

void Listener::close() {
  loop_.post([self = shared_from_this()] {
    const std::lock_guard lock(self->mutex_);
    // Where another process has the socket too, close() alone would leave it in Asio's epoll set.
    boost::system::error_code ignored;  // it is closed in any case
    if (self->acceptor_.is_open()) ::close(self->acceptor_.release(ignored));
    self->pause_.cancel();
  });
}

void Listener::accept() {
  const std::lock_guard lock(mutex_);
  if (!acceptor_.is_open()) return;
  if (shared_->connection_count.load(std::memory_order_relaxed) >= shared_->settings.max_connections) {
    return begin_pause(kFullPause);  // the kernel's backlog keeps those who wait
  }
  acceptor_.async_accept(loop_.io(), peer_,
                         [self = shared_from_this()](const boost::system::error_code& ec, tcp::socket socket) {
                           self->on_accept(ec, std::move(socket), self->peer_);
                         });
}

void Listener::on_accept(const boost::system::error_code& ec, tcp::socket socket, const tcp::endpoint& peer) {
  if (ec == asio::error::operation_aborted) return;
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
  const std::lock_guard lock(mutex_);
  if (acceptor_.is_open()) begin_pause(pause);
}

/// Under the mutex.
void Listener::begin_pause(std::chrono::milliseconds pause) {
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->accept();
  });
}

}  // namespace mortise::http
