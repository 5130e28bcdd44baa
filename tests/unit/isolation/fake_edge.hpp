// mortise.http/1 as far as Calls uses it: exchanges that note what becomes of them.
#pragma once

#include <mortise/abi/http.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/abi_values.hpp"

namespace mortise::isolation::testing {

/// Its texts are borrowed.
inline mortise_http_request_v1 make_request(std::string_view method, std::string_view body = {}) {
  return {.struct_size = sizeof(mortise_http_request_v1),
          .flags = 0,
          .method = runtime::to_abi(method),
          .target = runtime::to_abi("/"),
          .path = runtime::to_abi("/"),
          .query = {},
          .params = nullptr,
          .param_count = 0,
          .headers = nullptr,
          .header_count = 0,
          .body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()},
          .id = runtime::to_abi("1-1"),
          .remote_address = {}};
}

/// Any thread.
class FakeExchange {
 public:
  mortise_http_exchange* handle() { return reinterpret_cast<mortise_http_exchange*>(this); }

  /// Waits until it has been ended, which must happen once.
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ends_ > 0; });
  }
  [[nodiscard]] unsigned status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }
  [[nodiscard]] std::string body() const {
    const std::lock_guard lock(mutex_);
    return body_;
  }
  [[nodiscard]] std::string retry_after() const {
    const std::lock_guard lock(mutex_);
    return retry_after_;
  }
  [[nodiscard]] int ends() const {
    const std::lock_guard lock(mutex_);
    return ends_;
  }
  [[nodiscard]] bool was_cut() const {
    const std::lock_guard lock(mutex_);
    return was_cut_;
  }
  /// What is written with time to wait does wait, until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void wait_until_held() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_waiting_; });
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }
  /// Before it is submitted.
  void set_time_left_ms(std::uint64_t time) { time_left_ms_ = time; }
  void leave() {
    void (*callback)(void*) = nullptr;
    {
      const std::lock_guard lock(mutex_);
      callback = callback_;
    }
    if (callback != nullptr) callback(self_);
  }

  static const mortise_http_v1& table() {
    static constexpr mortise_http_v1 kTable{.struct_size = sizeof(mortise_http_v1),
                                            .reserved = 0,
                                            .add_route = nullptr,
                                            .respond = &respond,
                                            .defer = &defer,
                                            .read_body = &read_body,
                                            .start = &start,
                                            .write = &write,
                                            .finish = &finish,
                                            .abort = &abort,
                                            .on_close = &on_close,
                                            .time_left_ms = &time_left_ms};
    return kTable;
  }

 private:
  static FakeExchange& from(mortise_http_exchange* handle) { return *reinterpret_cast<FakeExchange*>(handle); }
  static void append(std::string& to, mortise_bytes bytes) {
    to.append(reinterpret_cast<const char*>(bytes.data), bytes.size);
  }
  void end() {
    ++ends_;
    changed_.notify_all();
  }

  static mortise_status respond(mortise_http_exchange* handle, const mortise_http_response_v1* response) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    self.status_ = response->status;
    append(self.body_, response->body);
    for (std::uint64_t i = 0; i < response->header_count; ++i) {
      const auto& header = response->headers[i];
      if (runtime::to_view(header.name) == "Retry-After") self.retry_after_ = runtime::to_view(header.value);
    }
    self.end();
    return MORTISE_OK;
  }
  static mortise_status defer(mortise_http_exchange*) { return MORTISE_OK; }
  static mortise_status read_body(mortise_http_exchange* handle, std::uint8_t* buffer, std::uint64_t capacity,
                                  std::uint64_t* size) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    *size = capacity > 0 && self.pieces_left_-- > 0 ? 1 : 0;
    if (*size > 0) *buffer = 'p';
    return MORTISE_OK;
  }
  static mortise_status start(mortise_http_exchange* handle, const mortise_http_response_v1* head) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    self.status_ = head->status;
    append(self.body_, head->body);
    return MORTISE_OK;
  }
  /// Has room for what waits for it.
  static mortise_status write(mortise_http_exchange* handle, mortise_bytes piece, std::uint32_t timeout_ms) {
    auto& self = from(handle);
    std::unique_lock lock(self.mutex_);
    if (timeout_ms == 0) return MORTISE_RESOURCE_EXHAUSTED;
    self.is_waiting_ = true;
    self.changed_.notify_all();
    self.changed_.wait(lock, [&self] { return !self.is_held_; });
    append(self.body_, piece);
    return MORTISE_OK;
  }
  static mortise_status finish(mortise_http_exchange* handle) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    if (self.status_ == 0) return MORTISE_FAILED_PRECONDITION;
    self.end();
    return MORTISE_OK;
  }
  static void abort(mortise_http_exchange* handle) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    self.was_cut_ = true;
    self.end();
  }
  static mortise_status on_close(mortise_http_exchange* handle, void (*callback)(void*), void* context) {
    auto& self = from(handle);
    const std::lock_guard lock(self.mutex_);
    self.callback_ = callback;
    self.self_ = context;
    return MORTISE_OK;
  }
  static std::uint64_t time_left_ms(mortise_http_exchange* handle) { return from(handle).time_left_ms_; }

  std::uint64_t time_left_ms_ = UINT64_MAX;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  unsigned status_ = 0;
  std::string body_;
  std::string retry_after_;
  int ends_ = 0;
  int pieces_left_ = 3;
  bool was_cut_ = false;
  bool is_held_ = false;
  bool is_waiting_ = false;  // or has been
  void (*callback_)(void*) = nullptr;
  void* self_ = nullptr;
};

}  // namespace mortise::isolation::testing
