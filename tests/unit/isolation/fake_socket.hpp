// The edge's WebSockets as far as Calls uses them: sockets that note what is sent to their peers, and tell what the
// test has them tell.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/websocket_elsewhere.hpp"
#include "http/websocket_rules.hpp"
#include "isolation/fake_edge.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/scope.hpp"

namespace mortise::isolation::testing {

/// Made beside the exchange that is to become it. Any thread.
class FakeSocket {
 public:
  explicit FakeSocket(FakeExchange& exchange) : exchange_(exchange) {
    const std::lock_guard lock(all_mutex());
    all().push_back(this);
  }
  ~FakeSocket() {
    const std::lock_guard lock(all_mutex());
    std::erase(all(), this);
  }
  FakeSocket(const FakeSocket&) = delete;
  FakeSocket& operator=(const FakeSocket&) = delete;

  using Accepted = http::WebSocketsElsewhere::Accepted;
  /// What becomes of accept(); the exchange is over when it is not `no`.
  Accepted answer = Accepted::yes;

  [[nodiscard]] bool is_expected() const { return get(is_expected_); }
  /// Whether accept() was called.
  [[nodiscard]] bool was_asked() const { return get(was_asked_); }
  [[nodiscard]] bool is_open() const { return get(is_open_); }
  [[nodiscard]] std::string protocol() const { return get(protocol_); }
  /// What was sent, and "close CODE REASON".
  [[nodiscard]] std::vector<std::string> sent() const { return get(sent_); }
  /// How many handlers are over, and how the last one was.
  [[nodiscard]] unsigned heard() const { return get(heard_); }
  [[nodiscard]] bool was_ok() const { return get(was_ok_); }
  void wait_until_open() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_open_; });
  }
  void wait_until_heard(unsigned count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return heard_ >= count; });
  }
  /// What is sent from here on stays in the queue.
  void stop_reading() {
    const std::lock_guard lock(mutex_);
    reads_ = false;
  }
  void read_on() {
    const std::lock_guard lock(mutex_);
    reads_ = true;
    ledger_->store(cost_);
    empty_queue();
  }
  /// As when so much more waits for its peer.
  void note_queued(std::uint64_t cost) {
    const std::lock_guard lock(mutex_);
    add_queued(cost);
  }
  /// As when its peer has gone.
  void note_closed() {
    const std::lock_guard lock(mutex_);
    ledger_->store(cost_ | http::WebSocketsElsewhere::kClosed);
  }
  /// From here on it takes nothing more.
  void fill() {
    const std::lock_guard lock(mutex_);
    is_full_ = true;
  }

  /// As the edge does, each in a scope of its own. The text stays where it is until that was heard.
  mortise_status tell(const runtime::ConePtr& cone, std::string_view text) {
    const runtime::Scope scope(cone);
    return handlers_.on_message(handlers_.self, handle(),
                                {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 1, nullptr);
  }
  void tell_close(const runtime::ConePtr& cone, std::uint32_t code, std::string_view reason) {
    change([this] { empty_queue(); });
    const runtime::Scope scope(cone);
    handlers_.on_close(handlers_.self, handle(), code, runtime::to_abi(reason));
  }

  static const http::WebSocketsElsewhere& edge() {
    static const http::WebSocketsElsewhere kEdge{.expect = &expect,
                                                 .accept = &accept,
                                                 .start = &start,
                                                 .send = &send,
                                                 .close = &close,
                                                 .end_handler = &end_handler};
    return kEdge;
  }

 private:
  static std::vector<FakeSocket*>& all() {
    static std::vector<FakeSocket*> sockets;
    return sockets;
  }
  static std::mutex& all_mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static FakeSocket& of(mortise_http_exchange* exchange) {
    const std::lock_guard lock(all_mutex());
    for (auto* const socket : all()) {
      if (socket->exchange_.handle() == exchange) return *socket;
    }
    throw std::logic_error("the test has no socket for this exchange");
  }
  static FakeSocket& from(mortise_websocket* handle) { return *reinterpret_cast<FakeSocket*>(handle); }
  mortise_websocket* handle() { return reinterpret_cast<mortise_websocket*>(this); }
  template <class Value>
  Value get(const Value& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  template <class Change>
  void change(const Change& change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  // Under mutex_:
  void add_queued(std::uint64_t cost) {
    queued_ += cost;
    all_queued_->fetch_add(cost);
  }
  void empty_queue() { all_queued_->fetch_sub(std::exchange(queued_, 0)); }

  static void expect(mortise_http_exchange* exchange) {
    auto& self = of(exchange);
    self.change([&] { self.is_expected_ = true; });
  }
  static Accepted accept(mortise_http_exchange* exchange, const runtime::ConePtr& cone,
                         const mortise_websocket_handlers_v1& handlers, std::atomic<std::uint64_t>& ledger,
                         std::atomic<std::uint64_t>& queued, mortise_websocket** socket) {
    auto& self = of(exchange);
    self.change([&] { self.was_asked_ = true; });
    if (self.answer != Accepted::yes) return self.answer;
    if (cone == nullptr) return Accepted::no;
    self.change([&] {
      self.handlers_ = handlers;
      self.ledger_ = &ledger;
      self.all_queued_ = &queued;
      self.protocol_ = runtime::to_view(handlers.protocol);
    });
    *socket = self.handle();
    return Accepted::yes;
  }
  static void start(mortise_http_exchange* exchange) {
    auto& self = of(exchange);
    self.change([&] { self.is_open_ = true; });
  }
  static mortise_status send(mortise_websocket* handle, mortise_bytes data, std::uint32_t is_text) {
    auto& self = from(handle);
    if (self.get(self.is_full_)) return MORTISE_RESOURCE_EXHAUSTED;
    self.change([&] {
      const auto cost = data.size + http::kMessageCost;
      self.cost_ += cost;
      if (self.reads_) {
        self.ledger_->store(self.cost_);
      } else {
        self.add_queued(cost);
      }
      self.sent_.emplace_back(std::string(is_text != 0 ? "" : "bytes ") +
                              std::string(reinterpret_cast<const char*>(data.data), data.size));
    });
    return MORTISE_OK;
  }
  static mortise_status close(mortise_websocket* handle, std::uint32_t code, mortise_str reason) {
    auto& self = from(handle);
    if (!http::can_close_with(code, runtime::to_view(reason))) return MORTISE_INVALID_ARGUMENT;
    self.change(
        [&] { self.sent_.push_back("close " + std::to_string(code) + " " + std::string(runtime::to_view(reason))); });
    return MORTISE_OK;
  }
  static void end_handler(mortise_websocket* handle, bool is_ok) {
    auto& self = from(handle);
    self.change([&] {
      ++self.heard_;
      self.was_ok_ = is_ok;
    });
  }

  FakeExchange& exchange_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  mortise_websocket_handlers_v1 handlers_{};  // written before it opens
  // Guarded by mutex_:
  bool is_expected_ = false;
  bool was_asked_ = false;
  bool is_open_ = false;
  bool is_full_ = false;
  bool reads_ = true;
  std::uint64_t cost_ = 0;  // of all that was sent
  std::atomic<std::uint64_t>* ledger_ = nullptr;
  std::uint64_t queued_ = 0;
  std::atomic<std::uint64_t>* all_queued_ = nullptr;  // of all sockets
  std::string protocol_;
  std::vector<std::string> sent_;
  unsigned heard_ = 0;
  bool was_ok_ = false;
};

/// As make_request(), and asks for an upgrade.
inline mortise_http_request_v1 make_upgrade_request(std::string_view method) {
  static const mortise_http_field kUpgrade{runtime::to_abi("Upgrade"), runtime::to_abi("websocket")};
  auto request = make_request(method);
  request.headers = &kUpgrade;
  request.header_count = 1;
  return request;
}

}  // namespace mortise::isolation::testing
