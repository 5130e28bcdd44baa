#include "http/connection.hpp"

#include <sys/socket.h>

#include <utility>

#include "base/peer.hpp"
#include "http/loop.hpp"
#include "http/shared.hpp"

namespace mortise::http {
namespace {

constexpr std::size_t kFlushAt = 65536;

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
  if (shared_.is_closing_idle.load(std::memory_order_relaxed)) return begin_close();
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
  workspace_->out_charge.set(out.size());
  transport_->write(std::string_view(out).substr(sent), this);
  return false;
}

void Connection::on_written(const boost::system::error_code& ec) {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->on_written(ec);
  if (exchange_.is_shared()) {
    wait_.store(Wait::none, std::memory_order_relaxed);
    return exchange_.on_written(!ec);
  }
  workspace_->out.clear();
  workspace_->out_charge.set(0);
  if (ec) return;
  if (is_closing_) return begin_close();
  process();
}

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
  if (kind == Wait::none) return look_after_client();
  if (now_ms < deadline_ms_.load(std::memory_order_relaxed)) return;
  is_timed_out_.store(true, std::memory_order_relaxed);
  const bool can_answer = kind == Wait::head || kind == Wait::body;
  ::shutdown(transport_->descriptor(), can_answer ? SHUT_RD : SHUT_RDWR);
}

/// Nobody reads while a handler has the request, so the kernel is asked. It is asked again at each tick: a pipelined
/// request that has begun meanwhile knows nothing of what was seen before it.
void Connection::look_after_client() {
  if (is_in_request() && base::has_peer_gone(transport_->descriptor())) exchange_.note_client_gone();
}

void Connection::drain() {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->drain();
  if (wait_.load(std::memory_order_relaxed) == Wait::idle) ::shutdown(transport_->descriptor(), SHUT_RD);
}

void Connection::shut_down() { ::shutdown(transport_->descriptor(), SHUT_RDWR); }

/// Nobody reads while a request waits for its turn: it is told by taking that away.
void Connection::cut() {
  shut_down();
  if (exchange_.take_turn()) loop_.post([connection = ConnectionPtr(this)] { connection->go_on_after_waiting(false); });
}

void Connection::follow_release() {
  if (auto* successor = successor_.load(std::memory_order_acquire)) successor->follow_release();
}

void Connection::evict() {
  if (auto* successor = successor_.load(std::memory_order_acquire)) return successor->evict();
  cut();
}

// --- The chain

void Connection::process() { go_on(Step::again); }

void Connection::go_on(Step next) {
  for (;; next = step()) {
    switch (next) {
      case Step::again:
        if (workspace_->out.size() > kFlushAt && !send_out()) return;
        continue;
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

}  // namespace mortise::http
