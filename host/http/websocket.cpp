#include "http/websocket.hpp"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <utility>

#include "http/loop.hpp"
#include "http/shared.hpp"
#include "http/websocket_elsewhere.hpp"
#include "http/websocket_rules.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

// Buffers beyond this are given back after use.
constexpr std::size_t kKeptBuffer = 65536;
// How long the peer gets to answer a close frame and to end its side.
constexpr std::int64_t kCloseWaitMs = 2000;

constexpr std::uint32_t kNoCode = 1005;
constexpr std::uint32_t kGone = 1006;

websocket::close_reason to_reason(std::uint32_t code, const std::string& text) {
  return {static_cast<websocket::close_code>(code), boost::beast::string_view(text.data(), text.size())};
}

/// The code for a read that failed: the peer's own, or the one that Beast has told it.
std::uint32_t to_code(const error_code& ec, const websocket::close_reason& reason) {
  if (ec == websocket::error::closed) return reason.code == websocket::close_code::none ? kNoCode : reason.code;
  if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
    return websocket::close_code::too_big;
  }
  if (ec == websocket::error::bad_frame_payload) return websocket::close_code::bad_payload;
  if (ec == websocket::condition::protocol_violation) return websocket::close_code::protocol_error;
  return kGone;
}

}  // namespace

WebSocket::WebSocket(Connection& connection, runtime::ConePtr cone, const mortise_websocket_handlers_v1& handlers,
                     Handshake handshake, std::atomic<std::uint64_t>* ledger, std::atomic<std::uint64_t>* queued)
    : connection_(connection),
      handlers_(handlers),
      handshake_(std::move(handshake)),
      ledger_(ledger),
      all_queued_(queued),
      request_id_(connection.request_id()),
      route_text_(connection.route_text()),
      strand_(connection.loop().io().get_executor()),
      socket_(connection, strand_),
      cone_(std::move(cone)) {
  // 0 would mean no limit at all.
  socket_.read_message_max(std::max<std::uint64_t>(1, connection.shared().settings.max_body_bytes));
  socket_.auto_fragment(false);
  queued_charge_.bind(&cone_->entry->memory());
}

// --- Any thread

mortise_status WebSocket::send(std::string_view data, bool is_text) {
  const std::lock_guard lock(mutex_);
  if (asked_ || ended_) return MORTISE_CANCELLED;
  const auto cost = data.size() + kMessageCost;
  if (!fits_into_queue(queued_cost_, cost)) return MORTISE_RESOURCE_EXHAUSTED;
  queue_.push_back({.bytes = std::string(data), .is_text = is_text});
  add_queued(cost);
  schedule_flush();
  return MORTISE_OK;
}

mortise_status WebSocket::close(std::uint32_t code, std::string_view reason) {
  if (!can_close_with(code, reason)) return MORTISE_INVALID_ARGUMENT;
  const std::lock_guard lock(mutex_);
  return ask_close(code, reason);
}

mortise_status WebSocket::ask_close(std::uint32_t code, std::string_view reason) {
  if (asked_ || ended_) return MORTISE_CANCELLED;
  asked_ = Close{.code = code, .reason = std::string(reason)};
  publish_ledger();
  schedule_flush();
  return MORTISE_OK;
}

void WebSocket::publish_ledger() {
  if (ledger_ == nullptr) return;
  const std::uint64_t closed = asked_ || ended_ ? WebSocketsElsewhere::kClosed : 0;
  ledger_->store(sent_cost_ | closed, std::memory_order_relaxed);
}

void WebSocket::add_queued(std::uint64_t cost) {
  queued_cost_ += cost;
  queued_charge_.set(queued_cost_);
  if (all_queued_ != nullptr) all_queued_->fetch_add(cost, std::memory_order_relaxed);
}

void WebSocket::subtract_queued(std::uint64_t cost) {
  queued_cost_ -= cost;
  queued_charge_.set(queued_cost_);
  if (all_queued_ != nullptr) all_queued_->fetch_sub(cost, std::memory_order_relaxed);
}

void WebSocket::schedule_flush() {
  if (is_flushing_) return;
  is_flushing_ = true;
  connection_.loop().post_on(strand_, [this, hold = hold_] { flush(); });
}

void WebSocket::drain() {
  const std::lock_guard lock(mutex_);
  ask_close(websocket::close_code::going_away, {});
}

void WebSocket::evict() {
  const std::lock_guard lock(mutex_);
  for (const auto& message : queue_) subtract_queued(message.bytes.size() + kMessageCost);
  queue_.clear();
  ask_close(websocket::close_code::going_away, {});
  stream().note_closing();
}

void WebSocket::follow_release() {
  std::shared_ptr<const Pin> pin;  // this and the former cone go outside the lock
  runtime::ConePtr former;
  const std::lock_guard lock(mutex_);
  pin = connection_.loop().pin();  // under it: of two threads that look, the later one finds the later release
  if (!pin || !cone_) return;
  auto next = pin->cone_of(*cone_->entry);
  if (next) former = std::exchange(cone_, std::move(next));
}

void WebSocket::sweep(std::int64_t now_ms) {
  const auto& settings = connection_.shared().settings;
  const std::lock_guard lock(mutex_);
  if (!hold_) return;
  const auto writing = stream().writing_since_ms();
  const auto closing = stream().closing_since_ms();
  const bool is_stuck = (writing != 0 && now_ms - writing >= settings.write_timeout.count()) ||
                        (closing != 0 && now_ms - closing >= kCloseWaitMs);
  if (is_stuck) return stream().cut();
  if (is_away_.load(std::memory_order_relaxed)) return;
  const auto heard_at = stream().last_read_ms();
  const auto silence = now_ms - heard_at;
  if (silence >= settings.idle_timeout.count()) return stream().cut();
  if (silence < settings.idle_timeout.count() / 2 || asked_for_life_at_ms_ == heard_at) return;
  asked_for_life_at_ms_ = heard_at;
  connection_.loop().post_on(strand_, [this, hold = hold_] { ping(); });
}

// --- The strand

void WebSocket::start(std::string unsent, std::string input) {
  follow_release();  // one that was published before this socket could be told
  stream().prepare(std::move(unsent), std::move(input));
  const ConnectionPtr hold(&connection_);
  {
    const std::lock_guard lock(mutex_);
    hold_ = hold;
  }
  connection_.loop().post_on(strand_, [this, hold] { accept(); });
}

void WebSocket::accept() {
  socket_.set_option(websocket::stream_base::decorator([this](websocket::response_type& response) {
    const auto date = connection_.date();
    response.set(http::field::date, boost::beast::string_view(date.data(), date.size()));
    response.set("X-Request-Id", request_id_);
    response.set(http::field::server, "mortise");
    if (!handshake_.protocol.empty()) response.set(http::field::sec_websocket_protocol, handshake_.protocol);
  }));
  http::request<http::empty_body> request(http::verb::get, "/", 11);
  request.set(http::field::host, "checked");
  request.set(http::field::connection, "upgrade");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::sec_websocket_version, "13");
  request.set(http::field::sec_websocket_key, handshake_.key);
  socket_.async_accept(request, [this, hold = ConnectionPtr(&connection_)](const error_code& ec) {
    is_accepting_ = false;
    if (ec) return end_input(ec);
    read();
    flush();
  });
}

void WebSocket::read() {
  if (is_close_started_) return settle();
  is_reading_ = true;
  socket_.async_read(input_, [this, hold = ConnectionPtr(&connection_)](const error_code& ec, std::size_t) {
    is_reading_ = false;
    on_message(ec);
  });
  connection_.loop().nudge();  // a message that is there already comes by a post of Beast's own
}

void WebSocket::on_message(const error_code& ec) {
  if (ec) return end_input(ec);
  {
    const std::lock_guard lock(mutex_);
    is_handling_ = !asked_;
  }
  // Nothing is delivered once this side has asked to close; its peer's close frame still comes in.
  if (!is_handling_) return end_message(true);
  is_away_.store(true, std::memory_order_relaxed);
  is_text_ = socket_.got_text();
  run_handler([this, hold = ConnectionPtr(&connection_)] {
    const bool is_ok = call_on_message();
    if (is_ok && ledger_ != nullptr) return;  // end_handler() comes, or has been there
    connection_.loop().post_on(strand_, [this, hold, is_ok] { end_message(is_ok); });
  });
}

/// No message will come any more: the peer has closed or gone, or Beast has turned it away.
void WebSocket::end_input(const error_code& ec) {
  {
    const std::lock_guard lock(mutex_);
    // The peer was first: what this side has asked for meanwhile will not be sent.
    if (ec == websocket::error::closed && !is_close_started_) asked_.reset();
    const auto& said = socket_.reason();
    if (!ended_) ended_ = Close{.code = to_code(ec, said), .reason = {said.reason.data(), said.reason.size()}};
    publish_ledger();
  }
  if (!is_close_started_) stream().cut();  // ends what is still to be written
  settle();
}

void WebSocket::end_message(bool is_ok) {
  is_handling_ = false;
  input_.clear();
  if (input_.capacity() > kKeptBuffer) input_.shrink_to_fit();
  stream().note_activity();
  is_away_.store(false, std::memory_order_relaxed);
  if (!is_ok) {
    const std::lock_guard lock(mutex_);
    ask_close(websocket::close_code::internal_error, "the plugin that serves this failed");
  }
  read();
}

void WebSocket::flush() {
  if (is_writing_ || is_close_started_) return;
  std::optional<Close> close;
  {
    const std::lock_guard lock(mutex_);
    if (queue_.empty() || ended_) {
      is_flushing_ = false;
      if (!asked_ || ended_) return;
      close = asked_;
    } else {
      sending_ = std::move(queue_.front());
      queue_.pop_front();
    }
  }
  if (close) return start_close(*close);
  is_writing_ = true;
  socket_.text(sending_.is_text);
  socket_.async_write(asio::buffer(sending_.bytes),
                      [this, hold = ConnectionPtr(&connection_)](const error_code& ec, std::size_t) {
                        is_writing_ = false;
                        {
                          const std::lock_guard lock(mutex_);
                          const auto cost = sending_.bytes.size() + kMessageCost;
                          subtract_queued(cost);
                          sent_cost_ += cost;
                          publish_ledger();
                          if (ec) is_flushing_ = false;
                        }
                        if (!ec) return flush();
                        stream().cut();  // ends the read as well
                        settle();
                      });
}

void WebSocket::start_close(const Close& close) {
  is_close_started_ = true;
  is_closing_ = true;
  stream().note_closing();
  socket_.async_close(to_reason(close.code, close.reason),
                      [this, hold = ConnectionPtr(&connection_)](const error_code&) {
                        is_closing_ = false;
                        settle();
                      });
}

void WebSocket::ping() {
  if (is_accepting_ || is_pinging_ || is_close_started_) return;
  is_pinging_ = true;
  socket_.async_ping({}, [this, hold = ConnectionPtr(&connection_)](const error_code&) {
    is_pinging_ = false;
    settle();
  });
}

/// After every step that may have been the last.
void WebSocket::settle() {
  if (is_over_ || is_accepting_ || is_reading_ || is_handling_ || is_writing_ || is_pinging_ || is_closing_) return;
  {
    const std::lock_guard lock(mutex_);
    if (!ended_ && !is_close_started_) return;
    if (!ended_) ended_ = asked_;
    queue_.clear();  // nobody gets it any more, and nothing is added
    subtract_queued(queued_cost_);
  }
  is_over_ = true;
  run_handler([this, hold = ConnectionPtr(&connection_)] { call_on_close(); });
}

}  // namespace mortise::http
