#include <sys/socket.h>

#include <utility>

#include "http/connection.hpp"
#include "http/poller.hpp"
#include "http/transport.hpp"

namespace mortise::http {
namespace {

class TcpTransport final : public Transport {
 public:
  TcpTransport(Poller& poller, PolledSocket& socket) : poller_(poller), socket_(socket) {}
  TcpTransport(const TcpTransport&) = delete;
  TcpTransport& operator=(const TcpTransport&) = delete;
  ~TcpTransport() override { poller_.remove(socket_); }

  void open(ConnectionPtr connection) override {
    poller_.post([connection = std::move(connection)] { connection->on_ready({}); });
  }
  void read(std::span<char> buffer, ConnectionPtr connection) override { socket_.read(buffer, std::move(connection)); }
  std::size_t try_write(std::string_view bytes) override { return socket_.try_write(bytes); }
  void write(std::string_view bytes, ConnectionPtr connection) override { socket_.write(bytes, std::move(connection)); }
  void end_output(ConnectionPtr) override { ::shutdown(socket_.descriptor(), SHUT_WR); }
  [[nodiscard]] int descriptor() const override { return socket_.descriptor(); }
  [[nodiscard]] bool is_secure() const noexcept override { return false; }

 private:
  Poller& poller_;
  PolledSocket& socket_;
};

}  // namespace

std::unique_ptr<Transport> make_tcp_transport(boost::asio::ip::tcp::socket socket, Poller& poller) {
  boost::system::error_code ec;
  base::Descriptor descriptor(socket.release(ec));
  if (ec) return nullptr;
  auto* const polled = poller.add(std::move(descriptor));
  return polled == nullptr ? nullptr : std::make_unique<TcpTransport>(poller, *polled);
}

}  // namespace mortise::http
