// Takes connections in: one listener for each listening socket, each in one loop.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <mutex>

#include "http/tls_context.hpp"

namespace mortise::http {

class Loop;
struct Shared;

/// Accepts for one loop and address until close(). On the loop's threads.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  /// `tls` is null for plain TCP.
  Listener(Loop& loop, std::shared_ptr<Shared> shared, boost::asio::ip::tcp::acceptor acceptor, TlsContextPtr tls);

  void start();
  /// Any thread; accepts nothing more once the loop has come round.
  void close();

 private:
  void accept();
  void on_accept(const boost::system::error_code& ec, boost::asio::ip::tcp::socket socket,
                 const boost::asio::ip::tcp::endpoint& peer);
  void back_off(std::chrono::milliseconds pause);
  void begin_pause(std::chrono::milliseconds pause);

  Loop& loop_;
  std::shared_ptr<Shared> shared_;
  const TlsContextPtr tls_;
  std::mutex mutex_;                         // a spare thread may close while the loop's own accepts
  boost::asio::ip::tcp::acceptor acceptor_;  // guarded by mutex_
  boost::asio::ip::tcp::endpoint peer_;
  boost::asio::steady_timer pause_;  // guarded by mutex_
};

}  // namespace mortise::http
