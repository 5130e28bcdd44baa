// One request and its answer as the host would keep them, by the contract of abi/http.h, and with a memory: what was
// sent, what ended it, and every call that came after its end.
#pragma once

#include <mortise/abi/http.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace mortise::sdk_testing {

inline std::string to_string(mortise_str text) { return {text.data, static_cast<std::size_t>(text.size)}; }
inline std::string to_string(mortise_bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data), static_cast<std::size_t>(bytes.size)};
}
inline mortise_str str(std::string_view text) { return {text.data(), text.size()}; }
inline mortise_bytes bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// Any thread. What it recorded may be read when nothing else touches it.
class FakeExchange {
 public:
  FakeExchange() = default;
  FakeExchange(const FakeExchange&) = delete;
  FakeExchange& operator=(const FakeExchange&) = delete;

  mortise_http_exchange* handle() { return reinterpret_cast<mortise_http_exchange*>(this); }
  static FakeExchange& from(mortise_http_exchange* handle) { return *reinterpret_cast<FakeExchange*>(handle); }

  /// The client's end, on the calling thread: tells the plugin as the host's loop does.
  void client_goes() {
    void (*callback)(void*) = nullptr;
    {
      const std::lock_guard lock(mutex_);
      is_gone = true;
      if (callback_ == nullptr || !ended_by.empty()) return;
      callback = std::exchange(callback_, nullptr);
      callback_thread_ = std::this_thread::get_id();
    }
    callback(callback_self_);
    const std::lock_guard lock(mutex_);
    callback_thread_ = {};
    changed_.notify_all();
  }
  /// The host's check at the end of a handler that did not defer.
  void handler_returned(mortise_status returned, std::string text) {
    const std::lock_guard lock(mutex_);
    handler_status = returned;
    handler_message = std::move(text);
  }

  static const mortise_http_v1* table();

  // What the test sets.
  bool is_gone = false;
  bool is_full = false;  // write() finds no room
  std::uint64_t time_left_ms = UINT64_MAX;
  std::vector<std::string> body;            // what read_body() hands out, piece by piece
  mortise_status body_status = MORTISE_OK;  // what it says then

  // What happened.
  std::uint32_t status = 0;
  std::map<std::string, std::string> headers;
  std::string sent;
  std::string ended_by;  // "respond", "finish", "abort"
  std::uint32_t last_timeout_ms = 0;
  bool is_deferred = false;
  std::vector<std::string> misuses;
  mortise_status handler_status = MORTISE_OK;
  std::string handler_message;

 private:
  bool is_over(const char* call) {
    if (ended_by.empty()) return false;
    misuses.emplace_back(call);
    return true;
  }
  mortise_status take(const mortise_http_response_v1& response) {
    for (std::uint64_t i = 0; i < response.header_count; ++i) {
      if (to_string(response.headers[i].value).find_first_of("\r\n") != std::string::npos) {
        return MORTISE_INVALID_ARGUMENT;
      }
    }
    if (response.status < 200 || response.status > 599) return MORTISE_INVALID_ARGUMENT;
    if (is_started_) return MORTISE_FAILED_PRECONDITION;
    status = response.status;
    for (std::uint64_t i = 0; i < response.header_count; ++i) {
      auto& value = headers[to_string(response.headers[i].name)];
      value += (value.empty() ? "" : ", ") + to_string(response.headers[i].value);
    }
    sent += to_string(response.body);
    return MORTISE_OK;
  }
  void end(std::unique_lock<std::mutex>& lock, const char* call) {
    ended_by = call;
    callback_ = nullptr;
    changed_.wait(lock, [this] {
      return callback_thread_ == std::thread::id() || callback_thread_ == std::this_thread::get_id();
    });
  }

  mortise_status respond(const mortise_http_response_v1& response);
  mortise_status start(const mortise_http_response_v1& head);
  mortise_status write(mortise_bytes piece, std::uint32_t timeout_ms);
  mortise_status finish();
  void abort();
  mortise_status defer();
  mortise_status on_close(void (*callback)(void*), void* self);
  mortise_status read(std::uint8_t* buffer, std::uint64_t capacity, std::uint64_t* size);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_started_ = false;
  void (*callback_)(void*) = nullptr;
  void* callback_self_ = nullptr;
  std::thread::id callback_thread_;
};

}  // namespace mortise::sdk_testing
