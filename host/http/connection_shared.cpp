// A connection while its exchange is shared: a plugin's threads answer, pull the body and wait, and the loop sends,
// reads and looks after the client, all under the exchange's mutex (see exchange.cpp).
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <functional>
#include <utility>

#include "http/connection.hpp"
#include "http/loop.hpp"
#include "http/shared.hpp"
#include "runtime/generation.hpp"

namespace mortise::http {
namespace {

constexpr std::chrono::milliseconds kLook{250};

}  // namespace

/// The client while an exchange is shared: its next request is kept, its end is told to the plugin.
void Connection::on_read_shared(const boost::system::error_code& ec, std::size_t size, bool& goes_on) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(exchange_.mutex());
    is_read_pending_ = false;
    workspace_->input.add(size);
    if (!exchange_.is_open()) {
      goes_on = is_resumed_;
      return;
    }
    if (ec) tell = exchange_.on_gone();
    exchange_.notify();
  }
  if (tell) tell();
}

/// Has the client's end noticed while a plugin holds the exchange: by a read, or, where a read would be in the way, by
/// a look now and then. It is in the way once a part of the next request is there, which could not be served before the
/// read ended; while a body is to be pulled, which moves the input; and where what comes next may be another
/// protocol's.
void Connection::watch_client() {
  const std::lock_guard lock(exchange_.mutex());
  if (!exchange_.is_open() || exchange_.is_gone() || is_read_pending_) return;
  auto& input = workspace_->input;
  const bool is_clear = is_body_done_ && input.size() == workspace_->head_size && !input.room().empty() &&
                        !exchange_.is_successor_expected();
  if (is_clear) return read_shared();
  if (is_look_due_) return;
  is_look_due_ = true;
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop_.io(), kLook);
  timer->async_wait(
      [connection = ConnectionPtr(this), timer](const boost::system::error_code&) { connection->look_for_end(); });
}

void Connection::look_for_end() {
  std::function<void()> tell;
  {
    const std::lock_guard lock(exchange_.mutex());
    is_look_due_ = false;
    pollfd end{.fd = transport_->descriptor(), .events = POLLRDHUP, .revents = 0};
    if (exchange_.is_open() && ::poll(&end, 1, 0) == 1) tell = exchange_.on_gone();
  }
  if (tell) return tell();
  watch_client();
}

/// Under the exchange's mutex.
void Connection::read_shared() {
  is_read_pending_ = true;
  transport_->read(workspace_->input.room(), this);
}

void Connection::want_input() {
  if (is_read_pending_ || is_read_posted_) return;
  is_read_posted_ = true;
  loop_.post([connection = ConnectionPtr(this)] {
    const std::lock_guard lock(connection->exchange_.mutex());
    connection->is_read_posted_ = false;
    const auto& exchange = connection->exchange_;
    if (exchange.wants_body() && !exchange.is_gone() && !connection->is_read_pending_) connection->read_shared();
  });
}

Connection::BodyState Connection::take_body(std::span<std::uint8_t> buffer, std::uint64_t& size, std::string& out) {
  auto& body = workspace_->body;
  if (body.empty() && !is_body_done_) {
    if (is_continue_due_ && workspace_->input.size() == workspace_->head_size) out += "HTTP/1.1 100 Continue\r\n\r\n";
    is_continue_due_ = false;
    const auto state = parse_body();
    if (state == RequestParser::State::refused) {
      return workspace_->parser.refusal().status == 413 ? BodyState::too_large : BodyState::malformed;
    }
    is_body_done_ = state == RequestParser::State::done;
  }
  if (body.empty()) return is_body_done_ ? BodyState::ok : BodyState::need_more;
  size = std::min<std::uint64_t>(buffer.size(), body.size());
  std::memcpy(buffer.data(), body.data(), static_cast<std::size_t>(size));
  body.erase(0, static_cast<std::size_t>(size));
  workspace_->body_charge.set(body.size());
  return BodyState::ok;
}

runtime::MemoryAccount* Connection::memory() const noexcept {
  return workspace_->cone ? &workspace_->cone->entry->memory() : nullptr;
}

void Connection::write_shared(std::string_view bytes) {
  wait(Wait::write, shared_.settings.write_timeout);
  transport_->write(bytes, this);
}

void Connection::post_flush() {
  loop_.post([connection = ConnectionPtr(this)] { connection->exchange_.flush(); });
}

void Connection::list_deadline(Exchange::Time deadline) {
  if (deadline == Exchange::Time::max()) return;
  is_deadline_listed_ = true;
  loop_.deadlines().add(*this, deadline, deadline_place_);
  if (shared_.watch.is_parked()) shared_.watch.unpark();
}

void Connection::on_deadline() {
  const auto now = std::chrono::steady_clock::now();
  if (exchange_.take_turn_if_due(now)) return go_on_after_waiting(false);
  if (const auto tell = exchange_.expire(now)) tell();
}

void Connection::end_early() { ::shutdown(transport_->descriptor(), SHUT_WR); }

void Connection::help_ended_loop() { loop_.help_when_ended(); }

void Connection::resume() {
  if (auto successor = exchange_.taken_over())
    return hand_over(std::move(successor));  // no read is pending: it was expected
  {
    const std::lock_guard lock(exchange_.mutex());
    // At once, whatever the client does next: a finished exchange must not keep its generation.
    if (!is_resumed_) is_closing_ = finish() == Step::close;
    is_resumed_ = is_read_pending_;
    if (is_read_pending_) {
      if (is_closing_) transport_->end_output(this);
      wait(is_closing_ ? Wait::linger : Wait::idle, is_closing_ ? kLinger : shared_.settings.idle_timeout);
      return;
    }
  }
  const bool is_gone = exchange_.is_gone();
  exchange_.close_shared();
  const auto self = std::move(self_);
  if (is_gone) return;
  if (is_closing_) return begin_close();
  process();
}

}  // namespace mortise::http
