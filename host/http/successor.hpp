// What speaks on a connection after HTTP: a WebSocket.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

namespace mortise::http {

/// Owned by its connection from the hand-over to the end; the connection passes on what happens to it.
class Successor {
 public:
  virtual ~Successor() = default;

  /// The connection's bytes are the successor's alone. `unsent` are answers that must go out first, `input` is what
  /// came behind the request. On a thread of the loop.
  virtual void start(std::string unsent, std::string input) = 0;

  // --- From the transport, on a thread of the loop.
  virtual void on_read(const boost::system::error_code& ec, std::size_t size) = 0;
  virtual void on_written(const boost::system::error_code& ec) = 0;

  // --- From any thread, under the connection list's lock: quick, and again and again.
  /// A release was published: what comes from the peer from here on belongs to it, as far as it has the plugin.
  virtual void follow_release() = 0;
  /// Ends what has waited too long.
  virtual void sweep(std::int64_t now_ms) = 0;
  /// Takes leave of the peer when what is queued has been sent.
  virtual void drain() = 0;
  /// Takes leave of the peer at once; after a moment the connection is cut.
  virtual void evict() = 0;
};

}  // namespace mortise::http
