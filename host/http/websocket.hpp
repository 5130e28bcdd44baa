// One WebSocket of one plugin, over whatever transport its connection has; Beast speaks the protocol. Invariant: the
// plugin's calls never overlap, on_close is the last of them, and until it has returned the plugin's generation is
// held. Each call is a scope of its own, in the newest release that has this generation.
//
// The handlers of a plugin that runs elsewhere (websocket_elsewhere.hpp) only pass on what they are called with: such a
// call is over when end_handler() says so.
#pragma once

#include <mortise/abi/websocket.h>

#include <atomic>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "http/connection.hpp"
#include "http/successor.hpp"
#include "http/transport_stream.hpp"
#include "http/websocket_handshake.hpp"
#include "runtime/release.hpp"

namespace mortise::http {

/// Made when the upgrade is accepted, owned by the connection that it takes over. Its steps run on a strand, the
/// plugin's handlers outside of it (on the loop, or on the blocking pool when they are seen to block), so that a
/// handler that takes its time keeps nobody's messages from going out.
///
/// Phase     | entered by                                  | next
/// accepting | accept()                                    | open, over
/// open      | the 101 is sent                             | closing, over
/// closing   | the queue is sent after a close() was asked | over
/// over      | no operation is left: on_close has its turn |
class WebSocket final : public Successor {
 public:
  /// `ledger` and `queued`: see WebSocketsElsewhere; null: the handlers are here.
  WebSocket(Connection& connection, runtime::ConePtr cone, const mortise_websocket_handlers_v1& handlers,
            Handshake handshake, std::atomic<std::uint64_t>* ledger, std::atomic<std::uint64_t>* queued);

  static WebSocket& from(mortise_websocket* handle) noexcept { return *reinterpret_cast<WebSocket*>(handle); }
  mortise_websocket* handle() noexcept { return reinterpret_cast<mortise_websocket*>(this); }

  // --- The ABI's functions: see abi/websocket.h for their contract. Any thread.
  mortise_status send(std::string_view data, bool is_text);
  mortise_status close(std::uint32_t code, std::string_view reason);

  /// The call of a handler elsewhere is over; once for each that was passed on. Any thread; when it was on_close, the
  /// socket is gone.
  void end_handler(bool is_ok);

  void start(std::string unsent, std::string input) override;
  void on_read(const boost::system::error_code& ec, std::size_t size) override { stream().on_read(ec, size); }
  void on_written(const boost::system::error_code& ec) override { stream().on_written(ec); }
  void follow_release() override;
  void sweep(std::int64_t now_ms) override;
  void drain() override;
  void evict() override;

 private:
  using error_code = boost::system::error_code;
  struct Message {
    std::string bytes;
    bool is_text = false;
  };
  struct Close {
    std::uint32_t code = 0;
    std::string reason;
  };

  TransportStream& stream() noexcept { return socket_.next_layer(); }

  // On the strand.
  void accept();
  void read();
  void on_message(const error_code& ec);
  void end_message(bool is_ok);
  void end_input(const error_code& ec);
  void flush();
  void start_close(const Close& close);
  void ping();
  void settle();

  // On a thread of the loop or of the pool.
  bool call_on_message();
  void call_on_close();
  void let_go();
  void call_plugin(const std::function<void()>& call);
  void run_handler(std::function<void()> task);
  void log_failure(std::string_view reason) const;

  mortise_status ask_close(std::uint32_t code, std::string_view reason);  // under mutex_
  void schedule_flush();                                                  // under mutex_
  void publish_ledger();                                                  // under mutex_
  void add_queued(std::uint64_t cost);                                    // under mutex_
  void subtract_queued(std::uint64_t cost);                               // under mutex_

  Connection& connection_;
  const mortise_websocket_handlers_v1 handlers_;
  const Handshake handshake_;
  std::atomic<std::uint64_t>* const ledger_;
  std::atomic<std::uint64_t>* const all_queued_;
  const std::string request_id_;
  const std::string route_text_;
  TransportStream::executor_type strand_;
  boost::beast::websocket::stream<TransportStream, false> socket_;
  boost::beast::flat_buffer input_;  // the message; the handler's while it runs, like the next
  bool is_text_ = false;
  Message sending_;

  // What is under way, on the strand; over when none is.
  bool is_accepting_ = true;
  bool is_reading_ = false;
  bool is_handling_ = false;
  bool is_writing_ = false;
  bool is_pinging_ = false;
  bool is_closing_ = false;        // async_close
  bool is_close_started_ = false;  // and nothing may be read or written any more
  bool is_over_ = false;

  // How often a handler was seen to hold its loop; counted by one call after the other.
  unsigned blocked_count_ = 0;
  // The handler runs, so that nothing is read; for sweep(), as a hint: relaxed.
  std::atomic<bool> is_away_{false};

  std::mutex mutex_;
  // Guarded by mutex_:
  ConnectionPtr hold_;     // from the hand-over until on_close has returned
  runtime::ConePtr cone_;  // until then
  std::deque<Message> queue_;
  std::size_t queued_cost_ = 0;  // of queue_ and sending_
  runtime::BufferCharge queued_charge_;
  std::uint64_t sent_cost_ = 0;  // of what is behind them
  bool is_flushing_ = true;      // a flush is under way or will come; until the 101 is sent, that is its sender's
  std::optional<Close> asked_;   // by this side; nothing is sent after it
  std::optional<Close> ended_;   // by the peer, or by the loss of the connection
  std::int64_t asked_for_life_at_ms_ = 0;
};

}  // namespace mortise::http
