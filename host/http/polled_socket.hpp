// One socket of a poller: the read and the write that wait for it.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <mutex>
#include <span>
#include <string_view>

#include "base/files.hpp"
#include "base/ready_set.hpp"
#include "http/transport.hpp"

namespace mortise::http {

class Poller;

/// Owned by its poller and lent to one transport after the other. What comes late for the former socket is taken for a
/// hint about the present one, which does no harm. read(), try_write() and write() as in Transport.
class PolledSocket {
 public:
  explicit PolledSocket(Poller& poller);
  ~PolledSocket();
  PolledSocket(const PolledSocket&) = delete;
  PolledSocket& operator=(const PolledSocket&) = delete;

  void read(std::span<char> buffer, ConnectionPtr connection);
  std::size_t try_write(std::string_view bytes);
  void write(std::string_view bytes, ConnectionPtr connection);
  /// The same until close().
  [[nodiscard]] int descriptor() const noexcept { return socket_.get(); }

  // --- From the poller.
  void open(base::Descriptor socket);
  void close();
  /// Reads and writes what waits, and tells the connections. On a thread of the loop.
  void on_event(const base::ReadySet::Event& event);

 private:
  bool receive(std::size_t& size, boost::system::error_code& ec);
  bool send_rest(boost::system::error_code& ec);

  Poller& poller_;
  std::mutex mutex_;
  // Guarded by mutex_, but for the descriptor, which whoever has the socket may use:
  base::Descriptor socket_;
  bool is_readable_ = false;  // was told of, and not read to the end since
  bool is_ended_ = false;     // the end is there to be read, after what else is
  ConnectionPtr reader_;      // set: a read waits
  std::span<char> buffer_;
  ConnectionPtr writer_;  // set: a write waits
  std::string_view rest_;
};

}  // namespace mortise::http
