#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "http/connection.hpp"
#include "http/transport.hpp"

namespace mortise::http {
namespace {

namespace asio = boost::asio;

class TcpTransport final : public Transport {
 public:
  explicit TcpTransport(asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  void open(ConnectionPtr connection) override {
    asio::post(socket_.get_executor(), [connection = std::move(connection)] { connection->on_ready({}); });
  }

  void read(std::span<char> buffer, ConnectionPtr connection) override {
    socket_.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                            [connection = std::move(connection)](const boost::system::error_code& ec, std::size_t n) {
                              connection->on_read(ec, n);
                            });
  }

  std::size_t try_write(std::string_view bytes) override {
    // Past Asio: a send that does not wait needs none of its machinery.
    const auto sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  void write(std::string_view bytes, ConnectionPtr connection) override {
    asio::async_write(socket_, asio::buffer(bytes.data(), bytes.size()),
                      [connection = std::move(connection)](const boost::system::error_code& ec, std::size_t) {
                        connection->on_written(ec);
                      });
  }

  void end_output() override { ::shutdown(socket_.native_handle(), SHUT_WR); }
  [[nodiscard]] int descriptor() const override { return const_cast<asio::ip::tcp::socket&>(socket_).native_handle(); }
  [[nodiscard]] bool is_secure() const noexcept override { return false; }

 private:
  asio::ip::tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(asio::ip::tcp::socket socket) {
  return std::make_unique<TcpTransport>(std::move(socket));
}

}  // namespace mortise::http
