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

constexpr std::size_t kBodyBuffer = 65536;
constexpr std::size_t kFlushAt = 65536;
constexpr std::chrono::milliseconds kLinger{2000};
constexpr std::chrono::milliseconds kLook{250};

}  // namespace

Connection::Connection(Loop& loop, Shared& shared, std::shared_ptr<void> keep_alive,
                       std::unique_ptr<Transport> transport, std::string remote_address)
    : loop_(loop),
      shared_(shared),
      transport_(std::move(transport)),
      remote_address_(std::move(remote_address)),
      keep_alive_(std::move(keep_alive)) {
  shared_.connection_count.fetch_add(1, std::memory_order_relaxed);
  loop_.connections().add(*this);
}

Connection::~Connection() {
  loop_.connections().remove(*this);
  loop_.workspaces().give_back(std::move(workspace_));
  shared_.connection_count.fetch_sub(1, std::memory_order_relaxed);
}

void Connection::start() {
  wait(Wait::head, shared_.settings.header_timeout);
  transport_->open(this);
}

void Connection::on_ready(const boost::system::error_code& ec) {
  if (!ec) start_read();
}

// --- Reading

void Connection::start_parser() {
  workspace_->parser.start(static_cast<std::uint32_t>(shared_.settings.max_header_bytes));
  workspace_->is_parser_started = true;
}

void Connection::wait(Wait kind, std::chrono::milliseconds limit) noexcept {
  deadline_ms_.store(loop_.now_ms() + limit.count(), std::memory_order_relaxed);
  wait_.store(kind, std::memory_order_release);
}

std::span<char> Connection::lend_buffer() {
  if (!workspace_) workspace_ = loop_.workspaces().take();
  return workspace_->input.room();
}

void Connection::start_read() {
  if (phase_ == Phase::linger) return transport_->read({}, this);
  if (!workspace_ || workspace_->input.is_empty()) return wait_for_request();
  if (phase_ == Phase::body) {
    wait(Wait::body, shared_.settings.body_timeout);
  } else if (!is_head_started_) {
    is_head_started_ = true;
    wait(Wait::head, shared_.settings.header_timeout);
  }
  auto& input = workspace_->input;
  if (phase_ == Phase::head && input.room().empty()) input.make_room(InputBuffer::kSmall);
  transport_->read(input.room(), this);
}

void Connection::wait_for_request() {
  wait(Wait::idle, shared_.settings.idle_timeout);
  if (shared_.is_draining.load(std::memory_order_relaxed)) return begin_close();
  loop_.workspaces().give_back(std::move(workspace_));
  transport_->read({}, this);
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
  workspace_->input.add(size);
  if (!ec) return process();
  const bool has_partial = !workspace_->input.is_empty();
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
/// read ended; and while a body is to be pulled, which moves the input.
void Connection::watch_client() {
  const std::lock_guard lock(exchange_.mutex());
  if (!exchange_.is_open() || exchange_.is_gone() || is_read_pending_) return;
  auto& input = workspace_->input;
  const bool is_clear = is_body_done_ && input.size() == workspace_->head_size && !input.room().empty();
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
  return BodyState::ok;
}

// --- Writing

bool Connection::send_out() {
  auto& out = workspace_->out;
  if (out.empty()) return true;
  const auto sent = transport_->try_write(out);
  if (sent == out.size()) {
    out.clear();
    return true;
  }
  wait(Wait::write, shared_.settings.write_timeout);
  transport_->write(std::string_view(out).substr(sent), this);
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
  workspace_->out.clear();
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
  loop_.workspaces().give_back(std::move(workspace_));
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
    if (workspace_->out.size() > kFlushAt && !send_out()) return;
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
  auto& work = *workspace_;
  if (work.input.is_empty()) return Step::need_input;
  if (!work.is_parser_started) start_parser();
  switch (work.parser.parse_head(work.input.view(), work.head_size)) {
    case RequestParser::State::need_more: return Step::need_input;
    case RequestParser::State::refused: return refuse(work.parser.refusal().status, work.parser.refusal().detail);
    case RequestParser::State::done: break;
  }
  const auto& head = work.parser.head();
  // The head must stay where it is while the body arrives behind it: room for that is made now, and the head read
  // again in its new place.
  const std::size_t room = head.content_length > InputBuffer::kSmall ? kBodyBuffer : InputBuffer::kSmall / 2;
  if (head.has_body && work.input.room().size() < room) {
    work.input.make_room(room);
    start_parser();
    work.parser.parse_head(work.input.view(), work.head_size);
  }
  is_head_started_ = false;
  is_timed_out_.store(false, std::memory_order_relaxed);
  wait_.store(Wait::none, std::memory_order_relaxed);
  is_in_request_.store(true, std::memory_order_relaxed);
  return on_head();
}

/// Also for a request whose head is refused.
void Connection::begin_exchange() {
  auto& work = *workspace_;
  if (shared_.settings.access_log) work.started = std::chrono::steady_clock::now();
  work.request_id = work.parser.head().request_id;
  if (work.request_id.empty()) {
    loop_.make_request_id(work.generated_id);
    work.request_id = work.generated_id;
  }
  exchange_.begin(context(), false);
}

Connection::Step Connection::on_head() {
  const auto& head = workspace_->parser.head();
  begin_exchange();
  workspace_->body.clear();
  is_body_done_ = !head.has_body;
  is_continue_due_ = head.expects_continue && head.has_body;
  return route();
}

std::string_view Connection::date() const { return loop_.date(); }

ResponseContext Connection::context() const {
  const auto& head = workspace_->parser.head();
  return {.date = date(),
          .request_id = workspace_->request_id,
          .is_head = head.method == "HEAD",
          .is_http_1_0 = head.is_http_1_0,
          .keep_alive = head.keep_alive && !shared_.is_draining.load(std::memory_order_relaxed)};
}

/// Takes what is there of the body; what is behind it moves up to the head.
RequestParser::State Connection::parse_body() {
  std::size_t consumed = 0;
  auto& work = *workspace_;
  const auto state = work.parser.parse_body(work.input.view().substr(work.head_size), work.body, consumed);
  work.input.remove(work.head_size, consumed);
  return state;
}

Connection::Step Connection::read_body() {
  auto& work = *workspace_;
  const bool is_first = work.body.empty() && work.input.size() == work.head_size;
  const auto state = parse_body();
  if (state == RequestParser::State::refused) {
    return refuse(work.parser.refusal().status, work.parser.refusal().detail);
  }
  if (state == RequestParser::State::need_more) {
    if (is_continue_due_ && is_first) work.out += "HTTP/1.1 100 Continue\r\n\r\n";
    is_continue_due_ = false;
    return Step::need_input;
  }
  is_body_done_ = true;
  wait_.store(Wait::none, std::memory_order_relaxed);
  return dispatch(*work.route);
}

/// Answers without a handler and closes: what is left of the request is not read.
Connection::Step Connection::refuse(unsigned status, std::string_view detail, std::string_view headers) {
  if (!is_in_request()) begin_exchange();
  auto answer = exchange_.context();
  answer.keep_alive = false;
  write_problem(workspace_->out, answer, status, detail, headers);
  exchange_.note(status, 0);
  if (shared_.settings.access_log) log_access();
  let_go();
  return Step::close;
}

Connection::Step Connection::finish() {
  if (shared_.settings.access_log) log_access();
  const bool keeps_alive = exchange_.context().keep_alive && is_body_done_;
  workspace_->input.drop(workspace_->head_size);
  workspace_->head_size = 0;
  workspace_->is_parser_started = false;
  phase_ = Phase::head;
  let_go();
  return keeps_alive ? Step::again : Step::close;
}

/// Of everything that belongs to the request, and of its generation above all.
void Connection::let_go() {
  workspace_->forget_request();
  generation_.store(nullptr, std::memory_order_relaxed);
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
