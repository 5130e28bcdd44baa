// One request and its answer, as a plugin in a worker sees them: mortise.http/1 carried to the host, with the meaning
// that http/exchange.hpp gives it there.
#pragma once

#include <mortise/abi/http.h>
#include <mortise/abi/websocket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>

#include "isolation/host_link.hpp"
#include "isolation/http_form.hpp"

namespace mortise::isolation {

/// One for each call that may be inside, used again and again; the handle that plugins get. Functions of the ABI come
/// from any thread.
class RemoteExchange {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static RemoteExchange& from(mortise_http_exchange* handle) noexcept {
    return *reinterpret_cast<RemoteExchange*>(handle);
  }
  mortise_http_exchange* handle() noexcept { return reinterpret_cast<mortise_http_exchange*>(this); }
  /// Once, before any request.
  void attach(HostLink& link, std::uint32_t number) noexcept;

  // --- The ABI's functions: see abi/http.h for their contract.
  mortise_status respond(const mortise_http_response_v1& response);
  mortise_status defer();
  mortise_status read_body(std::span<std::uint8_t> buffer, std::uint64_t& size);
  mortise_status start(const mortise_http_response_v1& head);
  mortise_status write(mortise_bytes piece, std::uint32_t timeout_ms);
  mortise_status finish();
  void abort();
  mortise_status on_close(void (*callback)(void*), void* self);
  [[nodiscard]] std::uint64_t time_left_ms() const noexcept;

  /// Has the host accept the upgrade, with handlers that are sound, and for a socket that the worker knows by `cookie`;
  /// `number` is the host's for it. As accept() of mortise.websocket/1.
  mortise_status accept(const mortise_websocket_handlers_v1& handlers, std::uint64_t cookie, std::uint64_t& number);
  [[nodiscard]] HostLink& link() const noexcept { return *link_; }

  // --- The crew's side.
  /// The call was submitted: its request, and the route that it is for.
  std::uint32_t begin();
  [[nodiscard]] const mortise_http_request_v1& request() const noexcept { return view_.request; }
  [[nodiscard]] const std::atomic<Time>& deadline() const noexcept { return deadline_; }
  /// What the plugin's slots are bound to: see Bindings.
  [[nodiscard]] std::string_view bindings() const noexcept { return bindings_; }
  [[nodiscard]] std::string_view traceparent() const noexcept { return traceparent_; }
  /// After the handler has returned, on its thread, `is_through_contract` with what a call of its has; the exchange may
  /// be another request's when this returns.
  void settle(mortise_status status, std::string_view message, bool is_through_contract);
  /// Tells the plugin if its client has gone. The thread that looks for that.
  void look_whether_gone();

 private:
  enum class Progress : std::uint8_t { fresh, streaming, ended };
  using Lock = std::unique_lock<std::mutex>;
  using Kind = Completion::Kind;

  [[nodiscard]] CallMemory& memory() const noexcept { return link_->area().memory().calls[number_]; }
  [[nodiscard]] bool has_gone() const noexcept;
  [[nodiscard]] Completion completion(Kind kind) const noexcept;
  mortise_status end(Lock& lock, Progress needed, Kind kind);
  void begin_end(Lock& lock);
  mortise_status respond_at_once(Lock& lock, const mortise_http_response_v1& response);
  mortise_status send_and_wait(Lock& lock, const Completion& what, std::uint64_t& value);
  mortise_status send_block(Lock& lock, Completion what, std::uint8_t* block, std::uint64_t size);
  void fail(mortise_status status, std::string_view message, bool is_through_contract);
  void log_late_failure(mortise_status status, std::string_view message) const;
  void complete_if_done();
  [[nodiscard]] bool is_missed() const noexcept;

  HostLink* link_ = nullptr;
  std::uint32_t number_ = 0;
  RequestView view_;                         // written by begin(), and read until the call is done
  std::string_view bindings_;                // likewise
  std::string_view traceparent_;             // likewise
  std::atomic<Time> deadline_{Time::max()};  // a value on its own: relaxed

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::uint64_t sequence_ = 0;
  bool is_open_ = false;  // from begin() until the host is told that it is done
  Progress progress_ = Progress::fresh;
  bool is_deferred_ = false;
  bool is_accepted_ = false;  // the socket opens when the handler has returned
  bool is_handler_running_ = false;
  bool is_told_gone_ = false;
  unsigned waiting_ = 0;  // calls that wait for the host
  void (*close_callback_)(void*) = nullptr;
  void* close_self_ = nullptr;
  std::thread::id close_thread_;  // runs the callback; default: nobody
};

}  // namespace mortise::isolation
