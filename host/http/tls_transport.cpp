#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/defer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/connection.hpp"
#include "http/tls_context.hpp"
#include "http/transport.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// OpenSSL's state serves both directions and one thread at a time, while a connection reads and writes on any of its
/// loop's threads. So all that touches it runs on a strand, and completions leave the strand again: a handler that
/// takes its time must not keep the other direction waiting.
class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, TlsContextPtr context)
      : strand_(socket.get_executor()), context_(std::move(context)), stream_(std::move(socket), *context_) {}

  void open(ConnectionPtr connection) override {
    auto done = [this, connection](const error_code& ec) {
      if (ec) {
        telemetry::log(telemetry::Level::debug, "http", "TLS handshake failed",
                       {{"remote", connection->remote_address()}, {"reason", ec.message()}});
      }
      leave([connection, ec] { connection->on_ready(ec); });
    };
    enter([this, done = std::move(done)]() mutable {
      stream_.async_handshake(asio::ssl::stream_base::server, asio::bind_executor(strand_, std::move(done)));
    });
  }

  void read(std::span<char> buffer, ConnectionPtr connection) override {
    if (buffer.empty()) buffer = connection->lend_buffer();
    auto done = [this, connection = std::move(connection)](const error_code& ec, std::size_t size) {
      leave([connection, ec, size] { connection->on_read(ec, size); });
    };
    enter([this, buffer, done = std::move(done)]() mutable {
      stream_.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                              asio::bind_executor(strand_, std::move(done)));
    });
  }

  /// Nothing goes out without waiting: a record that the socket takes in part could not be taken back.
  std::size_t try_write(std::string_view) override { return 0; }

  void write(std::string_view bytes, ConnectionPtr connection) override {
    auto done = [this, connection = std::move(connection)](const error_code& ec, std::size_t) {
      leave([connection, ec] { connection->on_written(ec); });
    };
    enter([this, bytes, done = std::move(done)]() mutable {
      asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                        asio::bind_executor(strand_, std::move(done)));
    });
  }

  /// close_notify. Whether the peer answers it is for the connection's own read to find out.
  void end_output(ConnectionPtr connection) override {
    auto done = [connection = std::move(connection)](const error_code&) {};
    enter([this, done = std::move(done)]() mutable {
      stream_.async_shutdown(asio::bind_executor(strand_, std::move(done)));
    });
  }

  [[nodiscard]] int descriptor() const override {
    return const_cast<tcp::socket&>(stream_.next_layer()).native_handle();
  }
  [[nodiscard]] bool is_secure() const noexcept override { return true; }

 private:
  template <class Step>
  void enter(Step step) {
    asio::dispatch(strand_, std::move(step));
  }
  template <class Step>
  void leave(Step step) {
    asio::defer(stream_.get_executor(), std::move(step));
  }

  asio::strand<tcp::socket::executor_type> strand_;
  const TlsContextPtr context_;
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_tls_transport(tcp::socket socket, TlsContextPtr context) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context));
}

}  // namespace mortise::http
