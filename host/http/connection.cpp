#include "http/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <utility>

#include "http/loop.hpp"
#include "http/shared.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kBodyBuffer = 65536;
constexpr std::size_t kFlushAt = 65536;
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kLook{250};

}  // namespace

Connection::Connection(Loop& loop, Shared& shared, std::shared_ptr<void> keep_alive,
                       std::unique_ptr<Transport> transport, std::string remote_address)
    : loop_(loop),
      shared_(shared),
      keep_alive_(std::move(keep_alive)),
      transport_(std::move(transport)),
      remote_address_(std::move(remote_address)) {
  shared_.connection_count.fetch_add(1, std::memory_order_relaxed);
  loop_.connections().add(*this);
}

Connection::~Connection() {
  loop_.connections().remove(*this);
  shared_.connection_count.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start() {
  wait(Wait::head, shared_.settings.header_timeout);
  transport_->open(this);
}

void Connection::on_ready(const boost::system::error_code& ec) {
  if (ec) return;
  in_.resize(kFirstBuffer);
  start_parser();
  start_read();
}

// --- Reading

void Connection::start_parser() { parser_.start(static_cast<std::uint32_t>(shared_.settings.max_header_bytes)); }

void Connection::wait(Wait kind, std::chrono::milliseconds limit) noexcept {
  deadline_ms_.store(loop_.now_ms() + limit.count(), std::memory_order_relaxed);
  wait_.store(kind, std::memory_order_release);
}

/// Room for at least `bytes` more behind in_end_. Moves the input: not while views of a head are in use.
void Connection::make_room(std::size_t bytes) {
  if (in_begin_ > 0) {
    std::memmove(in_.data(), in_.data() + in_begin_, in_end_ - in_begin_);
    in_end_ -= in_begin_;
    in_begin_ = 0;
  }
  if (in_.size() - in_end_ < bytes) in_.resize(in_end_ + bytes);
}

void Connection::start_read() {
  if (phase_ == Phase::head) {
    if (in_begin_ == in_end_) {
      in_begin_ = in_end_ = 0;
      if (in_.size() > kFirstBuffer) {
        in_.resize(kFirstBuffer);
        in_.shrink_to_fit();
      }
      wait(Wait::idle, shared_.settings.idle_timeout);
      if (shared_.is_draining.load(std::memory_order_relaxed)) return begin_close();
    } else if (!is_head_started_) {
      is_head_started_ = true;
      wait(Wait::head, shared_.settings.header_timeout);
    }
    if (in_end_ == in_.size()) make_room(kFirstBuffer);
  } else if (phase_ == Phase::body) {
    wait(Wait::body, shared_.settings.body_timeout);
  }
  transport_->read({in_.data() + in_end_, in_.size() - in_end_}, this);
}

void Connection::on_read(const boost::system::error_code& ec, std::size_t size) {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->on_read(ec, size);
  if (exchange_.is_shared()) {
    bool goes_on = false;
    on_read_shared(ec, size, goes_on);
    if (goes_on) resume();
    return;
  }
  if (phase_ == Phase::linger) {
    if (!ec && size > 0) start_read();
    return;
  }
  in_end_ += size;
  if (!ec) return process();
  const bool has_partial = in_begin_ != in_end_ || phase_ == Phase::body;
  if (is_timed_out_.load(std::memory_order_relaxed) && has_partial) {
    refuse(408, phase_ == Phase::body ? "the request's body did not arrive in time"
                                      : "the request's head did not arrive in time");
    is_closing_ = true;
    if (send_out()) begin_close();
  }
}

/// The client while an exchange is shared: its next request is kept, its end is told to the plugin.
void Connection::on_read_shared(const boost::system::error_code& ec, std::size_t size, bool& goes_on) {
  std::function<void()> tell;
  {
    const std::lock_guard lock(exchange_.mutex());
    is_read_pending_ = false;
    in_end_ += size;
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
/// read ended; and while a body is to be pulled, which moves the input.
void Connection::watch_client() {
  const std::lock_guard lock(exchange_.mutex());
  if (!exchange_.is_open() || exchange_.is_gone() || is_read_pending_) return;
  const bool is_clear = is_body_done_ && in_end_ == in_begin_ + head_size_ && in_end_ < in_.size();
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
  transport_->read({in_.data() + in_end_, in_.size() - in_end_}, this);
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
  if (body_.empty() && !is_body_done_) {
    if (is_continue_due_ && in_end_ == in_begin_ + head_size_) out += "HTTP/1.1 100 Continue\r\n\r\n";
    is_continue_due_ = false;
    const auto state = parse_body();
    if (state == RequestParser::State::refused) {
      return parser_.refusal().status == 413 ? BodyState::too_large : BodyState::malformed;
    }
    is_body_done_ = state == RequestParser::State::done;
  }
  if (body_.empty()) return is_body_done_ ? BodyState::ok : BodyState::need_more;
  size = std::min<std::uint64_t>(buffer.size(), body_.size());
  std::memcpy(buffer.data(), body_.data(), static_cast<std::size_t>(size));
  body_.erase(0, static_cast<std::size_t>(size));
  return BodyState::ok;
}

// --- Writing

bool Connection::send_out() {
  if (out_.empty()) return true;
  const auto sent = transport_->try_write(out_);
  if (sent == out_.size()) {
    out_.clear();
    return true;
  }
  out_sent_ = sent;
  wait(Wait::write, shared_.settings.write_timeout);
  transport_->write(std::string_view(out_).substr(sent), this);
  return false;
}

void Connection::write_shared(std::string_view bytes) {
  wait(Wait::write, shared_.settings.write_timeout);
  transport_->write(bytes, this);
}

void Connection::on_written(const boost::system::error_code& ec) {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->on_written(ec);
  if (exchange_.is_shared()) {
    wait_.store(Wait::none, std::memory_order_relaxed);
    return exchange_.on_written(!ec);
  }
  out_.clear();
  if (ec) return;
  if (is_closing_) return begin_close();
  process();
}

void Connection::post_flush() {
  loop_.post([connection = ConnectionPtr(this)] { connection->exchange_.flush(); });
}

void Connection::help_ended_loop() { loop_.help_when_ended(); }

/// Says that nothing more will come, and waits for the client's end, so that what was sent is not lost to a reset.
void Connection::begin_close() {
  is_in_request_.store(false, std::memory_order_relaxed);
  phase_ = Phase::linger;
  in_begin_ = in_end_ = 0;
  transport_->end_output(this);
  wait(Wait::linger, kLinger);
  start_read();
}

// --- Other threads

void Connection::sweep(std::int64_t now_ms) {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->sweep(now_ms);
  const auto kind = wait_.load(std::memory_order_acquire);
  if (kind == Wait::none || now_ms < deadline_ms_.load(std::memory_order_relaxed)) return;
  is_timed_out_.store(true, std::memory_order_relaxed);
  const bool can_answer = kind == Wait::head || kind == Wait::body;
  ::shutdown(transport_->descriptor(), can_answer ? SHUT_RD : SHUT_RDWR);
}

void Connection::drain() {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->drain();
  if (wait_.load(std::memory_order_relaxed) == Wait::idle) ::shutdown(transport_->descriptor(), SHUT_RD);
}

void Connection::cut() { ::shutdown(transport_->descriptor(), SHUT_RDWR); }

void Connection::evict() {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->evict();
  cut();
}

// --- The chain

void Connection::process() {
  for (;;) {
    if (out_.size() > kFlushAt && !send_out()) return;
    switch (step()) {
      case Step::again: continue;
      case Step::need_input:
        if (send_out()) start_read();
        return;
      case Step::parked: return;
      case Step::close:
        is_closing_ = true;
        if (send_out()) begin_close();
        return;
    }
  }
}

Connection::Step Connection::step() { return phase_ == Phase::body ? read_body() : read_head(); }

Connection::Step Connection::read_head() {
  if (in_begin_ == in_end_) return Step::need_input;
  switch (parser_.parse_head(input(), head_size_)) {
    case RequestParser::State::need_more: return Step::need_input;
    case RequestParser::State::refused: return refuse(parser_.refusal().status, parser_.refusal().detail);
    case RequestParser::State::done: break;
  }
  const auto& head = parser_.head();
  // The head must stay where it is while the body arrives behind it: room for that is made now, and the head read
  // again in its new place.
  const std::size_t room = head.content_length > kFirstBuffer ? kBodyBuffer : kFirstBuffer / 2;
  if (head.has_body && in_.size() - in_end_ < room) {
    make_room(room);
    start_parser();
    parser_.parse_head(input(), head_size_);
  }
  is_head_started_ = false;
  is_timed_out_.store(false, std::memory_order_relaxed);
  wait_.store(Wait::none, std::memory_order_relaxed);
  is_in_request_.store(true, std::memory_order_relaxed);
  return on_head();
}

/// Also for a request whose head is refused.
void Connection::begin_exchange() {
  if (shared_.settings.access_log) started_ = std::chrono::steady_clock::now();
  request_id_ = parser_.head().request_id;
  if (request_id_.empty()) {
    loop_.make_request_id(generated_id_);
    request_id_ = generated_id_;
  }
  exchange_.begin(context(), false);
}

Connection::Step Connection::on_head() {
  const auto& head = parser_.head();
  begin_exchange();
  body_.clear();
  is_body_done_ = !head.has_body;
  is_continue_due_ = head.expects_continue && head.has_body;
  return route();
}

std::string_view Connection::date() const { return loop_.date(); }

ResponseContext Connection::context() const {
  const auto& head = parser_.head();
  return {.date = date(),
          .request_id = request_id_,
          .is_head = head.method == "HEAD",
          .is_http_1_0 = head.is_http_1_0,
          .keep_alive = head.keep_alive && !shared_.is_draining.load(std::memory_order_relaxed)};
}

/// Takes what is there of the body; what is behind it moves up to the head.
RequestParser::State Connection::parse_body() {
  std::size_t consumed = 0;
  const auto state = parser_.parse_body(input().substr(head_size_), body_, consumed);
  char* behind_head = in_.data() + in_begin_ + head_size_;
  in_end_ -= consumed;
  std::memmove(behind_head, behind_head + consumed, in_end_ - in_begin_ - head_size_);
  return state;
}

Connection::Step Connection::read_body() {
  const bool is_first = body_.empty() && in_end_ == in_begin_ + head_size_;
  const auto state = parse_body();
  if (state == RequestParser::State::refused) return refuse(parser_.refusal().status, parser_.refusal().detail);
  if (state == RequestParser::State::need_more) {
    if (is_continue_due_ && is_first) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    is_continue_due_ = false;
    return Step::need_input;
  }
  is_body_done_ = true;
  wait_.store(Wait::none, std::memory_order_relaxed);
  return dispatch(*route_);
}

/// Answers without a handler and closes: what is left of the request is not read.
Connection::Step Connection::refuse(unsigned status, std::string_view detail, std::string_view headers) {
  if (!is_in_request()) begin_exchange();
  auto answer = exchange_.context();
  answer.keep_alive = false;
  write_problem(out_, answer, status, detail, headers);
  exchange_.note(status, 0);
  if (shared_.settings.access_log) log_access();
  let_go();
  return Step::close;
}

Connection::Step Connection::finish() {
  if (shared_.settings.access_log) log_access();
  const bool keeps_alive = exchange_.context().keep_alive && is_body_done_;
  in_begin_ += head_size_;
  head_size_ = 0;
  phase_ = Phase::head;
  let_go();
  if (!keeps_alive) return Step::close;
  start_parser();
  return Step::again;
}

/// Of everything that belongs to the request, and of its generation above all.
void Connection::let_go() {
  route_ = nullptr;
  request_id_ = {};
  generation_.store(nullptr, std::memory_order_relaxed);
  pin_.reset();
  if (body_.capacity() > kBodyBuffer) body_ = {};
  is_in_request_.store(false, std::memory_order_relaxed);
}

void Connection::resume() {
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
