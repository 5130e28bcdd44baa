#include "http/exchange.hpp"

#include <utility>

#include "http/connection.hpp"
#include "http/shared.hpp"

namespace mortise::http {

void Exchange::begin(ResponseContext context) {
  arm(Claim::taken, Time::max());
  context_ = context;
  status_ = 0;
  body_bytes_ = 0;
  progress_ = Progress::fresh;
  is_handler_running_ = true;
  is_deferred_ = false;
  is_stream_ = false;
  is_providers_failure_.store(false, std::memory_order_relaxed);
  is_uncounted_ = false;
  is_gone_ = false;
  is_streaming_body_ = false;
  is_successor_expected_ = false;
}

void Exchange::stream_body() {
  if (!is_shared() && take()) {
    is_streaming_body_ = true;
    return share();
  }
  const std::lock_guard lock(mutex_);  // its time is up: there is nobody to pull it for
  is_streaming_body_ = true;
}

/// With the date of the thread that writes: the one of begin() may be another thread's.
const ResponseContext& Exchange::dated() {
  context_.date = connection_.date();
  // What nobody has pulled of a body when the answer begins is not skipped: the connection ends.
  if (is_streaming_body_ && !connection_.is_body_done()) context_.keep_alive = false;
  // A drain that began meanwhile ends the connection, and the client is told.
  if (connection_.shared().is_draining.load(std::memory_order_relaxed)) context_.keep_alive = false;
  return context_;
}

void Exchange::note(unsigned status, std::uint64_t body_bytes) noexcept {
  status_ = status;
  body_bytes_ += body_bytes;
}

/// From here on the loop and the plugin's threads meet under the mutex. What was answered to earlier, pipelined
/// requests goes out first, and at once: this answer may take its time.
void Exchange::share() {
  if (is_shared()) return;
  const std::lock_guard lock(mutex_);
  share_locked();
  if (!is_expired()) connection_.list_deadline(deadline());
}

void Exchange::share_locked() {
  is_open_ = true;
  connection_.hold_self();
  pending_ = std::move(connection_.out());
  connection_.out().clear();
  unsent_charge_.bind(connection_.memory());
  is_shared_.store(true, std::memory_order_release);
  if (!pending_.empty()) schedule_flush();
}

void Exchange::count_unsent() noexcept { unsent_charge_.set(pending_.size() + (is_writing_ ? sending_.size() : 0)); }

void Exchange::schedule_flush() {
  count_unsent();
  if (is_flush_posted_ || is_writing_) return;
  is_flush_posted_ = true;
  connection_.post_flush();
}

/// Waits for a close callback that runs on another thread, then marks the end. Under the mutex.
bool Exchange::end_locked(std::unique_lock<std::mutex>& lock) {
  progress_ = Progress::ended;
  close_callback_ = nullptr;
  changed_.wait(lock,
                [this] { return close_thread_ == std::thread::id() || close_thread_ == std::this_thread::get_id(); });
  const bool is_alive = !is_unheard();
  schedule_flush();
  changed_.notify_all();
  return is_alive;
}

/// The same for a plugin's call, which may come when the loop has ended: nobody else would complete the exchange then.
bool Exchange::end(std::unique_lock<std::mutex>& lock) {
  const ConnectionPtr hold(&connection_);
  const bool is_alive = end_locked(lock);
  lock.unlock();
  hold->help_ended_loop();
  return is_alive;
}

mortise_status Exchange::respond(const mortise_http_response_v1& response) {
  const auto checked = check_response(response);
  if (checked != MORTISE_OK) return checked;
  if (!is_shared() && take()) {
    if (progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
    write_response(connection_.out(), dated(), response);
    note(response.status, response.body.size);
    progress_ = Progress::ended;
    if (deadline() != Time::max()) change_claim(Claim::taken, Claim::answered);
    return MORTISE_OK;
  }
  std::unique_lock lock(mutex_);
  if (!is_shared() || progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
  if (!is_unheard()) {
    write_response(pending_, dated(), response);
    note(response.status, response.body.size);
  }
  return end(lock) ? MORTISE_OK : MORTISE_CANCELLED;
}

mortise_status Exchange::defer() {
  if (!is_shared() && take()) {
    if (progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
    share();
  }
  const std::lock_guard lock(mutex_);
  // A second owner would end the exchange a second time, which is another request's by then.
  if (!is_shared() || progress_ == Progress::ended || is_deferred_) return MORTISE_FAILED_PRECONDITION;
  is_deferred_ = true;
  return MORTISE_OK;
}

mortise_status Exchange::start(const mortise_http_response_v1& head, std::optional<std::uint64_t> length) {
  const auto checked = check_response(head);
  if (checked != MORTISE_OK) return checked;
  if (!is_shared() && take()) {
    if (progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
    share();
  }
  const std::lock_guard lock(mutex_);
  if (!is_shared() || progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
  progress_ = Progress::streaming;
  if (is_expired()) return MORTISE_CANCELLED;
  deadline_.store(Time::max(), std::memory_order_relaxed);
  if (!is_gone_) until_.store(Time::max(), std::memory_order_relaxed);
  is_stream_ = true;
  context_.stream_length = length;
  // HTTP/1.0 knows no chunks: there the end of the connection ends the answer.
  if (context_.is_http_1_0 && !length) context_.keep_alive = false;
  if (head.status == 204 || head.status == 304) context_.is_head = true;
  note(head.status, head.body.size);
  if (is_gone_) return MORTISE_CANCELLED;
  write_stream_head(pending_, dated(), head);
  schedule_flush();
  return MORTISE_OK;
}

mortise_status Exchange::write(std::string_view piece, std::chrono::milliseconds timeout) {
  if (!is_shared()) return MORTISE_FAILED_PRECONDITION;
  std::unique_lock lock(mutex_);
  if (progress_ != Progress::streaming) return MORTISE_FAILED_PRECONDITION;
  const auto has_room = [this] { return is_unheard() || pending_.size() < Shared::kHighWaterBytes; };
  if (!changed_.wait_for(lock, timeout, has_room)) return MORTISE_RESOURCE_EXHAUSTED;
  if (is_unheard()) return MORTISE_CANCELLED;
  write_chunk(pending_, context_, piece);
  note(status_, piece.size());
  schedule_flush();
  return MORTISE_OK;
}

mortise_status Exchange::finish() {
  if (!is_shared()) return MORTISE_FAILED_PRECONDITION;
  std::unique_lock lock(mutex_);
  if (progress_ != Progress::streaming) return MORTISE_FAILED_PRECONDITION;
  if (!is_unheard()) write_stream_end(pending_, context_);
  if (!is_expired() && context_.stream_length && !context_.is_head && body_bytes_ != *context_.stream_length) {
    connection_.shut_down();  // fewer bytes than promised: the client must not take the next answer for the rest
    context_.keep_alive = false;
  }
  return end(lock) ? MORTISE_OK : MORTISE_CANCELLED;
}

void Exchange::abort() {
  if (!is_shared() && take()) {
    if (progress_ != Progress::fresh) return;
    settle_unanswered(MORTISE_INTERNAL, {}, connection_.out());
    progress_ = Progress::ended;
    return;
  }
  std::unique_lock lock(mutex_);
  if (!is_shared() || progress_ == Progress::ended) return;
  if (progress_ == Progress::fresh && !is_unheard()) settle_unanswered(MORTISE_INTERNAL, {}, pending_);
  // A started answer cannot be completed: cutting the connection tells the client so.
  if (progress_ == Progress::streaming && !is_expired()) connection_.shut_down();
  context_.keep_alive = false;
  end(lock);
}

mortise_status Exchange::on_close(void (*callback)(void*), void* self) {
  if (!is_shared()) return MORTISE_FAILED_PRECONDITION;
  const std::lock_guard lock(mutex_);
  if (!is_deferred_ || progress_ == Progress::ended) return MORTISE_FAILED_PRECONDITION;
  if (is_unheard()) return MORTISE_CANCELLED;
  close_callback_ = callback;
  close_self_ = self;
  return MORTISE_OK;
}

mortise_status Exchange::read_body(std::span<std::uint8_t> buffer, std::uint64_t& size) {
  size = 0;
  if (!is_shared()) return MORTISE_FAILED_PRECONDITION;
  std::unique_lock lock(mutex_);
  if (!is_streaming_body_ || progress_ == Progress::ended) return MORTISE_FAILED_PRECONDITION;
  const auto deadline = std::chrono::steady_clock::now() + connection_.body_timeout();
  for (;;) {
    if (is_expired()) return MORTISE_CANCELLED;
    const auto got = connection_.take_body(buffer, size, pending_);
    if (got != Connection::BodyState::need_more) {
      return got == Connection::BodyState::ok          ? MORTISE_OK
             : got == Connection::BodyState::too_large ? MORTISE_OUT_OF_RANGE
                                                       : MORTISE_INVALID_ARGUMENT;
    }
    if (is_unheard()) return MORTISE_CANCELLED;
    if (!pending_.empty()) schedule_flush();  // "100 Continue"
    connection_.want_input();
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) return MORTISE_DEADLINE_EXCEEDED;
  }
}

mortise_status Exchange::take_over(std::unique_ptr<Successor> successor) {
  if (!can_be_taken_over()) return MORTISE_FAILED_PRECONDITION;
  progress_ = Progress::ended;
  note(101, 0);
  successor_ = std::move(successor);
  return MORTISE_OK;
}

void Exchange::refuse(unsigned status, std::string_view detail, std::string_view headers) {
  auto& out = connection_.out();
  const auto before = out.size();
  write_problem(out, dated(), status, detail, headers);
  note(status, out.size() - before);
  progress_ = Progress::ended;
}

}  // namespace mortise::http
