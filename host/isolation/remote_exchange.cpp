#include "isolation/remote_exchange.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "http/response_writer.hpp"
#include "isolation/socket_form.hpp"
#include "isolation/steady_ns.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

// A piece of a body that is asked for at once.
constexpr std::uint64_t kMostPieceBytes = std::uint64_t{1} << 20U;

/// As the host's own exchange does; and it must be one that the host takes from a worker.
mortise_status check(const mortise_http_response_v1& response) {
  const auto checked = http::check_response(response);
  if (checked != MORTISE_OK) return checked;
  return form_size(response) - response.body.size > kMostHeaderBytes ? MORTISE_INVALID_ARGUMENT : MORTISE_OK;
}

}  // namespace

void RemoteExchange::attach(HostLink& link, std::uint32_t number) noexcept {
  link_ = &link;
  number_ = number;
}

std::uint32_t RemoteExchange::begin() {
  const auto& call = memory();
  const std::lock_guard lock(mutex_);
  const auto* const form = link_->area().at(call.offset);
  read_form(form, view_);
  bindings_ = {reinterpret_cast<const char*>(form) + call.size, call.bindings_size};
  traceparent_ = {bindings_.data() + bindings_.size(), call.trace_size};
  deadline_.store(from_ns(call.deadline_ns), std::memory_order_relaxed);
  sequence_ = call.sequence;
  is_open_ = true;
  progress_ = Progress::fresh;
  is_deferred_ = false;
  is_accepted_ = false;
  is_handler_running_ = true;
  is_told_gone_ = has_gone();
  if (is_told_gone_) deadline_.store(runtime::Scope::kUnheard, std::memory_order_relaxed);
  close_callback_ = nullptr;
  return call.route;
}

/// Under the mutex.
bool RemoteExchange::has_gone() const noexcept { return memory().gone.load(std::memory_order_relaxed) == sequence_; }

Completion RemoteExchange::completion(Kind kind) const noexcept {
  Completion completion;
  completion.kind = kind;
  completion.call = number_;
  return completion;
}

/// From here on nothing else can end it. Waits for a close callback that runs on another thread.
void RemoteExchange::begin_end(Lock& lock) {
  progress_ = Progress::ended;
  close_callback_ = nullptr;
  changed_.wait(lock,
                [this] { return close_thread_ == std::thread::id() || close_thread_ == std::this_thread::get_id(); });
}

/// What needs no payload and no reply.
mortise_status RemoteExchange::end(Lock& lock, Progress needed, Kind kind) {
  if (progress_ != needed) return MORTISE_FAILED_PRECONDITION;
  begin_end(lock);
  const auto status = has_gone() ? MORTISE_CANCELLED : MORTISE_OK;
  link_->complete(completion(kind), true);
  complete_if_done();
  return status;
}

/// The exchange is not done before the host's reply is here: who comes back from this may be the last one inside, as
/// another thread may have ended it meanwhile, and has to look for that.
mortise_status RemoteExchange::send_and_wait(Lock& lock, const Completion& what, std::uint64_t& value) {
  ++waiting_;
  lock.unlock();
  const auto status = link_->complete_and_wait(what, value);
  lock.lock();
  --waiting_;
  return status;
}

/// Has the host take the block, of the heap, before this frees it.
mortise_status RemoteExchange::send_block(Lock& lock, Completion what, std::uint8_t* block, std::uint64_t size) {
  what.offset = link_->area().offset_of(block);
  what.size = size;
  std::uint64_t ignored = 0;
  const auto status = send_and_wait(lock, what, ignored);
  link_->heap().free(block);
  return status;
}

mortise_status RemoteExchange::respond(const mortise_http_response_v1& response) {
  const auto checked = check(response);
  if (checked != MORTISE_OK) return checked;
  Lock lock(mutex_);
  if (progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
  const auto size = form_size(response);
  if (size <= kDirectBytes) return respond_at_once(lock, response);
  // First: an end that has begun has forgotten the callback of on_close, and cannot be taken back.
  auto* const block = link_->heap().allocate(size);
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  begin_end(lock);
  write_form(response, block);
  const auto status = send_block(lock, completion(Kind::respond), block, size);
  complete_if_done();
  return status;
}

/// Into the call's own place, which nothing else uses but a message instead.
mortise_status RemoteExchange::respond_at_once(Lock& lock, const mortise_http_response_v1& response) {
  begin_end(lock);
  const auto status = has_gone() ? MORTISE_CANCELLED : MORTISE_OK;
  auto& place = memory().answer;
  write_form(response, place.data());
  auto what = completion(Kind::respond);
  what.offset = link_->area().offset_of(place.data());
  what.size = form_size(response);
  link_->complete(what, true);
  complete_if_done();
  return status;
}

mortise_status RemoteExchange::defer() {
  const std::lock_guard lock(mutex_);
  if (progress_ == Progress::ended || is_deferred_) return MORTISE_FAILED_PRECONDITION;
  is_deferred_ = true;
  return MORTISE_OK;
}

mortise_status RemoteExchange::start(const mortise_http_response_v1& head) {
  const auto checked = check(head);
  if (checked != MORTISE_OK) return checked;
  Lock lock(mutex_);
  if (progress_ != Progress::fresh) return MORTISE_FAILED_PRECONDITION;
  const auto size = form_size(head);
  auto* const block = link_->heap().allocate(size);
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  progress_ = Progress::streaming;
  write_form(head, block);
  const auto status = send_block(lock, completion(Kind::start), block, size);
  // Meanwhile the client may have gone.
  if (status == MORTISE_OK && !is_told_gone_) deadline_.store(Time::max(), std::memory_order_relaxed);
  complete_if_done();
  return status;
}

mortise_status RemoteExchange::write(mortise_bytes piece, std::uint32_t timeout_ms) {
  Lock lock(mutex_);
  if (progress_ != Progress::streaming) return MORTISE_FAILED_PRECONDITION;
  if (has_gone()) return MORTISE_CANCELLED;
  if (piece.size == 0) return MORTISE_OK;
  auto* const block = link_->heap().allocate(piece.size);
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  std::memcpy(block, piece.data, piece.size);
  auto what = completion(Kind::write);
  what.argument = timeout_ms;
  const auto status = send_block(lock, what, block, piece.size);
  complete_if_done();
  return status;
}

mortise_status RemoteExchange::finish() {
  Lock lock(mutex_);
  return end(lock, Progress::streaming, Kind::finish);
}

void RemoteExchange::abort() {
  Lock lock(mutex_);
  if (progress_ != Progress::ended) end(lock, progress_, Kind::abort);
}

mortise_status RemoteExchange::read_body(std::span<std::uint8_t> buffer, std::uint64_t& size) {
  Lock lock(mutex_);
  if (progress_ == Progress::ended) return MORTISE_FAILED_PRECONDITION;
  auto what = completion(Kind::read_body);
  what.size = std::min<std::uint64_t>(buffer.size(), kMostPieceBytes);
  auto* const block = link_->heap().allocate(what.size);
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  what.offset = link_->area().offset_of(block);
  size = 0;
  const auto status = send_and_wait(lock, what, size);
  if (status == MORTISE_OK && size > 0) std::memcpy(buffer.data(), block, size);
  link_->heap().free(block);
  complete_if_done();
  return status;
}

mortise_status RemoteExchange::on_close(void (*callback)(void*), void* self) {
  const std::lock_guard lock(mutex_);
  if (!is_deferred_ || progress_ == Progress::ended) return MORTISE_FAILED_PRECONDITION;
  if (has_gone()) return MORTISE_CANCELLED;
  close_callback_ = callback;
  close_self_ = self;
  return MORTISE_OK;
}

mortise_status RemoteExchange::accept(const mortise_websocket_handlers_v1& handlers, std::uint64_t cookie,
                                      std::uint64_t& number) {
  Lock lock(mutex_);
  if (progress_ != Progress::fresh || is_deferred_) return MORTISE_FAILED_PRECONDITION;
  const SocketTerms terms{
      .cookie = cookie, .flags = handlers.flags, .protocol_size = static_cast<std::uint32_t>(handlers.protocol.size)};
  auto what = completion(Kind::accept);
  what.size = sizeof terms + terms.protocol_size;
  auto* const block = link_->heap().allocate(what.size);
  if (block == nullptr) return MORTISE_RESOURCE_EXHAUSTED;
  std::memcpy(block, &terms, sizeof terms);
  if (terms.protocol_size > 0) std::memcpy(block + sizeof terms, handlers.protocol.data, terms.protocol_size);
  what.offset = link_->area().offset_of(block);
  progress_ = Progress::ended;
  std::uint64_t value = 0;
  const auto status = send_and_wait(lock, what, value);
  link_->heap().free(block);
  if (status == MORTISE_OK) {
    is_accepted_ = true;
    number = value;
  } else if (value == kExchangeIsOpen) {
    progress_ = Progress::fresh;
  }
  complete_if_done();
  return status;
}

std::uint64_t RemoteExchange::time_left_ms() const noexcept {
  return runtime::time_left_ms(deadline_.load(std::memory_order_relaxed));
}

void RemoteExchange::look_whether_gone() {
  Lock lock(mutex_);
  if (!is_open_ || is_told_gone_ || !has_gone()) return;
  // Who registers a callback from now on is told at once.
  is_told_gone_ = true;
  deadline_.store(runtime::Scope::kUnheard, std::memory_order_relaxed);
  const auto callback = std::exchange(close_callback_, nullptr);
  if (callback == nullptr || progress_ == Progress::ended) return;
  close_thread_ = std::this_thread::get_id();
  auto* const self = close_self_;
  lock.unlock();
  try {
    callback(self);
  } catch (...) {
    telemetry::log(telemetry::Level::error, "http", "the callback of on_close let an exception out");
  }
  lock.lock();
  close_thread_ = std::thread::id();
  changed_.notify_all();
  complete_if_done();
}

void RemoteExchange::settle(mortise_status status, std::string_view message, bool is_through_contract) {
  Lock lock(mutex_);
  is_handler_running_ = false;
  if (progress_ == Progress::ended || is_deferred_) {
    log_late_failure(status, message);
    complete_if_done();
    // What goes on without the handler holds no thread, and calls nobody: the host may let go of whom it could have
    // called.
    if (is_open_) link_->complete(completion(Kind::returned), is_missed());
    return;
  }
  if (progress_ == Progress::fresh) {
    begin_end(lock);
    fail(status, message, is_through_contract);
  } else {
    telemetry::log(telemetry::Level::error, "http", "handler left a streamed answer unfinished", {{"reason", message}});
    begin_end(lock);
    link_->complete(completion(Kind::abort), true);
  }
  complete_if_done();
}

void RemoteExchange::fail(mortise_status status, std::string_view message, bool is_through_contract) {
  auto& place = memory().answer;
  auto what = completion(Kind::fail);
  what.status = status;
  what.argument = is_through_contract ? 1 : 0;
  what.offset = link_->area().offset_of(place.data());
  what.size = std::min<std::uint64_t>(message.size(), kMostMessageBytes);
  if (what.size > 0) std::memcpy(place.data(), message.data(), what.size);
  link_->complete(what, true);
}

void RemoteExchange::log_late_failure(mortise_status status, std::string_view message) const {
  if (status == MORTISE_OK || http::to_http_status(status) != 500) return;
  telemetry::log(telemetry::Level::error, "http", "handler failed after it had answered or deferred",
                 {{"reason", message.empty() ? "no message given" : message}});
}

/// Under the mutex: tells the host, once, that nothing of the plugin is inside. The call is another request's then.
void RemoteExchange::complete_if_done() {
  const bool is_inside = is_handler_running_ || waiting_ > 0 || close_thread_ != std::thread::id();
  if (!is_open_ || progress_ != Progress::ended || is_inside) return;
  is_open_ = false;
  link_->complete(completion(Kind::done), is_missed());
}

/// Whether the host waits for the handler's end: it may hold whom that could have called, or a socket that is to open,
/// or tell people that it is late.
bool RemoteExchange::is_missed() const noexcept {
  const auto deadline = deadline_.load(std::memory_order_relaxed);
  return !bindings_.empty() || is_accepted_ || (deadline != Time::max() && deadline <= Time::clock::now());
}

}  // namespace mortise::isolation
