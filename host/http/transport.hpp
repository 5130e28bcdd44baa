// The bytes of one connection: plain TCP, or TLS over it. The connection above sees no difference.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace boost::asio::ssl {
class context;
}

namespace mortise::http {

class Connection;
class Poller;
using ConnectionPtr = boost::intrusive_ptr<Connection>;

/// Owned by its connection. At most one read and one write are under way at a time; a completion is called on a thread
/// of the connection's loop, never from inside the call that started it. An operation holds the connection.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Makes ready to carry requests (the TLS handshake); then connection->on_ready(). Plain TCP is ready at once.
  virtual void open(ConnectionPtr connection) = 0;
  /// Reads what is there, at least one byte; then connection->on_read(). `buffer` stays until then; an empty one is
  /// asked for with connection->lend_buffer(), as late as possible.
  virtual void read(std::span<char> buffer, ConnectionPtr connection) = 0;
  /// Sends what goes out without waiting and returns its size; 0 when nothing does, or after an error, which the next
  /// write() will tell.
  virtual std::size_t try_write(std::string_view bytes) = 0;
  /// Sends all of `bytes`, which stay until then; then connection->on_written().
  virtual void write(std::string_view bytes, ConnectionPtr connection) = 0;
  /// Says to the peer that nothing more will come. Nothing is being written.
  virtual void end_output(ConnectionPtr connection) = 0;
  /// The descriptor, for shutdown(2) from other threads: it makes what is under way complete.
  [[nodiscard]] virtual int descriptor() const = 0;
  [[nodiscard]] virtual bool is_secure() const noexcept = 0;
};

/// Takes the socket out of its io_context; null when the system has no room for it.
std::unique_ptr<Transport> make_tcp_transport(boost::asio::ip::tcp::socket socket, Poller& poller);
std::unique_ptr<Transport> make_tls_transport(boost::asio::ip::tcp::socket socket,
                                              std::shared_ptr<boost::asio::ssl::context> context);

}  // namespace mortise::http
