#include "fake_exchange.hpp"

#include <algorithm>

namespace mortise::sdk_testing {

mortise_status FakeExchange::respond(const mortise_http_response_v1& response) {
  std::unique_lock lock(mutex_);
  if (is_over("respond")) return MORTISE_FAILED_PRECONDITION;
  const auto taken = take(response);
  if (taken != MORTISE_OK) return taken;
  end(lock, "respond");
  return is_gone ? MORTISE_CANCELLED : MORTISE_OK;
}

mortise_status FakeExchange::start(const mortise_http_response_v1& head) {
  const std::lock_guard lock(mutex_);
  if (is_over("start")) return MORTISE_FAILED_PRECONDITION;
  const auto taken = take(head);
  if (taken != MORTISE_OK) return taken;
  is_started_ = true;
  return is_gone ? MORTISE_CANCELLED : MORTISE_OK;
}

mortise_status FakeExchange::write(mortise_bytes piece, std::uint32_t timeout_ms) {
  const std::lock_guard lock(mutex_);
  if (is_over("write") || !is_started_) return MORTISE_FAILED_PRECONDITION;
  last_timeout_ms = timeout_ms;
  if (is_gone) return MORTISE_CANCELLED;
  if (is_full) return MORTISE_RESOURCE_EXHAUSTED;
  sent += to_string(piece);
  return MORTISE_OK;
}

mortise_status FakeExchange::finish() {
  std::unique_lock lock(mutex_);
  if (is_over("finish") || !is_started_) return MORTISE_FAILED_PRECONDITION;
  end(lock, "finish");
  return is_gone ? MORTISE_CANCELLED : MORTISE_OK;
}

void FakeExchange::abort() {
  std::unique_lock lock(mutex_);
  if (!is_over("abort")) end(lock, "abort");
}

mortise_status FakeExchange::defer() {
  const std::lock_guard lock(mutex_);
  if (is_over("defer") || is_deferred) return MORTISE_FAILED_PRECONDITION;
  is_deferred = true;
  return MORTISE_OK;
}

mortise_status FakeExchange::on_close(void (*callback)(void*), void* self) {
  const std::lock_guard lock(mutex_);
  if (is_over("on_close") || !is_deferred) return MORTISE_FAILED_PRECONDITION;
  if (is_gone) return MORTISE_CANCELLED;
  callback_ = callback;
  callback_self_ = self;
  return MORTISE_OK;
}

mortise_status FakeExchange::read(std::uint8_t* buffer, std::uint64_t capacity, std::uint64_t* size) {
  const std::lock_guard lock(mutex_);
  *size = 0;
  if (body.empty()) return body_status;
  auto& piece = body.front();
  *size = std::min<std::uint64_t>(capacity, piece.size());
  std::copy_n(piece.begin(), *size, buffer);
  piece.erase(0, static_cast<std::size_t>(*size));
  if (piece.empty()) body.erase(body.begin());
  return MORTISE_OK;
}

const mortise_http_v1* FakeExchange::table() {
  using Handle = mortise_http_exchange*;
  // add_route belongs to the host, which sets it in its own copy.
  static const mortise_http_v1 table{
      .struct_size = sizeof(mortise_http_v1),
      .reserved = 0,
      .add_route = nullptr,
      .respond = [](Handle handle,
                    const mortise_http_response_v1* response) { return from(handle).respond(*response); },
      .defer = [](Handle handle) { return from(handle).defer(); },
      .read_body = [](Handle handle, std::uint8_t* buffer, std::uint64_t capacity,
                      std::uint64_t* size) { return from(handle).read(buffer, capacity, size); },
      .start = [](Handle handle, const mortise_http_response_v1* head) { return from(handle).start(*head); },
      .write = [](Handle handle, mortise_bytes piece,
                  std::uint32_t timeout_ms) { return from(handle).write(piece, timeout_ms); },
      .finish = [](Handle handle) { return from(handle).finish(); },
      .abort = [](Handle handle) { from(handle).abort(); },
      .on_close = [](Handle handle, void (*callback)(void*),
                     void* self) { return from(handle).on_close(callback, self); },
      .time_left_ms = [](Handle handle) { return from(handle).time_left_ms; }};
  return &table;
}

}  // namespace mortise::sdk_testing
