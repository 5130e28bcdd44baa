// The listening sockets: one per address and loop, all on the same port, so that the kernel spreads the connections
// and no loop waits for another.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "base/result.hpp"
#include "http/tls_context.hpp"

namespace mortise::http {

class Loop;
struct Shared;

/// Opens the socket for one loop. `is_first`: the address must be free of every other program; the others share it.
base::Result<boost::asio::ip::tcp::acceptor> listen_on(Loop& loop, const std::string& address, std::uint16_t port,
                                                       bool is_first);

/// Accepts for one loop and address until close(). On the loop's threads.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// `tls` is null for plain TCP.
  Listener(Loop& loop, std::shared_ptr<Shared> shared, boost::asio::ip::tcp::acceptor acceptor, TlsContextPtr tls);

  void start();
  /// Any thread; accepts nothing more once the loop has come round.
  void close();
  [[nodiscard]] std::uint16_t port() const;

 private:
  void accept();
  void on_accept(const boost::system::error_code& ec, boost::asio::ip::tcp::socket socket,
                 const boost::asio::ip::tcp::endpoint& peer);
  void back_off(std::chrono::milliseconds pause);

  Loop& loop_;
  std::shared_ptr<Shared> shared_;
  const TlsContextPtr tls_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::tcp::endpoint peer_;
  boost::asio::steady_timer pause_;
};

}  // namespace mortise::http
