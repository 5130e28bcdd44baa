// WebSockets: connections on which both sides speak when they like. Http::websocket() makes the route:
//
//   ctx.http().websocket("/echo", {.on_text = [](const mortise::WebSocket& socket, std::string_view text) {
//     socket.send(text);
//   }});
#pragma once

#include <mortise/abi/websocket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/error.hpp>
#include <mortise/response.hpp>
#include <mortise/text.hpp>

namespace mortise {

class WebSocket;

/// What happens on one socket. The calls for one socket never overlap; those of different sockets do. All may be left
/// out. since 1.0
struct WebSocketHandlers {
  /// The socket is open; still inside the route's handler, so nothing has arrived yet.
  std::function<void(const WebSocket& socket)> on_open{};
  /// A whole message, valid for the call. The next one waits until this returns; what it throws goes to the log and
  /// closes the socket with 1011. Without a handler for its kind a message closes the socket with 1003.
  std::function<void(const WebSocket& socket, std::string_view text)> on_text{};
  std::function<void(const WebSocket& socket, std::span<const std::uint8_t> bytes)> on_binary{};
  /// Called exactly once, last; `socket` sends nothing any more. The code is RFC 6455's: of whoever closed first, 1005
  /// when the peer gave none, 1006 when it just went.
  std::function<void(const WebSocket& socket, std::uint32_t code, std::string_view reason)> on_close{};

  std::string protocol{};   // the subprotocol to agree on when the client offers it
  bool any_origin = false;  // pages of other sites may connect too; look at Request::header("Origin") yourself
};

/// One client's socket. A handle: copies mean the same socket, and it may be used from any thread at any time; once the
/// socket is closed it does nothing. Keeping a handle does not keep the socket open. since 1.0 [any-thread]
class WebSocket {
 public:
  /// Queues a text message (UTF-8); never waits. False: the socket is closed, or this client is so slow that its queue
  /// is full and the message was dropped.
  bool send(std::string_view text) const { return state_->send(detail::borrow_bytes(text), 1); }
  /// The same as a binary message.
  bool send(std::span<const std::uint8_t> bytes) const { return state_->send({bytes.data(), bytes.size()}, 0); }
  bool send_json(const nlohmann::json& document) const { return send(detail::to_text(document)); }

  [[nodiscard]] bool is_open() const {
    const std::lock_guard lock(state_->mutex);
    return state_->socket != nullptr;
  }
  /// Closes it behind what was sent before; on_close follows. Throws for a code that must not be sent (1000 to 1003,
  /// 1007 to 1013 and 3000 to 4999 may) or a reason of more than 123 bytes.
  void close(std::uint32_t code = 1000, std::string_view reason = {}) const {
    const std::lock_guard lock(state_->mutex);
    if (state_->socket == nullptr) return;
    const auto closed = state_->table->close(state_->socket, code, detail::borrow(reason));
    if (closed != MORTISE_CANCELLED) detail::check(closed, "this code or reason cannot be sent in a close frame");
  }

  /// The same socket; ordered, so that handles can be kept in sets and maps.
  friend bool operator==(const WebSocket& a, const WebSocket& b) noexcept { return a.state_ == b.state_; }
  friend auto operator<=>(const WebSocket& a, const WebSocket& b) noexcept { return a.state_ <=> b.state_; }

  /// What Http::websocket() does with each request. A request that is no sound handshake was answered by the host when
  /// this throws `failed_precondition`.
  static WebSocket accept(const mortise_websocket_v1* table, Response& response, WebSocketHandlers handlers) {
    auto state = std::make_shared<State>(table, std::move(handlers));
    const mortise_websocket_handlers_v1 raw{sizeof(mortise_websocket_handlers_v1),
                                            state->handlers.any_origin ? MORTISE_WEBSOCKET_ANY_ORIGIN : 0U,
                                            detail::borrow(state->handlers.protocol),
                                            state.get(),
                                            &State::on_message,
                                            &State::on_close};
    mortise_websocket* socket = nullptr;
    detail::check(table->accept(response.exchange(), &raw, &socket),
                  "the request is no WebSocket handshake, or was answered already");
    const WebSocket handle(state);
    {
      const std::lock_guard lock(state->mutex);
      state->socket = socket;
    }
    state->self = state;
    state->open(handle);
    return handle;
  }

 private:
  struct State {
    State(const mortise_websocket_v1* given_table, WebSocketHandlers given)
        : table(given_table), handlers(std::move(given)) {}

    bool send(mortise_bytes data, std::uint32_t is_text) {
      const std::lock_guard lock(mutex);
      return socket != nullptr && table->send(socket, data, is_text) == MORTISE_OK;
    }

    void open(const WebSocket& handle) const {
      if (!handlers.on_open) return;
      try {
        handlers.on_open(handle);
      } catch (...) {
        handle.close(1011);
        throw;
      }
    }

    static mortise_status on_message(void* self, mortise_websocket*, mortise_bytes data, std::uint32_t is_text,
                                     mortise_error* error) {
      return detail::barrier(error, [&] {
        const auto& state = *static_cast<State*>(self);
        const WebSocket handle(state.self);
        if (is_text != 0 && state.handlers.on_text) {
          state.handlers.on_text(handle, detail::view(data));
        } else if (is_text == 0 && state.handlers.on_binary) {
          state.handlers.on_binary(handle, {data.data, static_cast<std::size_t>(data.size)});
        } else {
          handle.close(1003, is_text != 0 ? "no text is taken here" : "only text is taken here");
        }
      });
    }

    static void on_close(void* self, mortise_websocket*, std::uint32_t code, mortise_str reason) {
      // The host's hold, and handlers that may hold this socket: all goes when this returns.
      const WebSocket handle(std::move(static_cast<State*>(self)->self));
      auto& state = *handle.state_;
      {
        const std::lock_guard lock(state.mutex);
        state.socket = nullptr;
      }
      const auto ended = std::exchange(state.handlers, {});
      detail::barrier(nullptr, [&] {
        if (ended.on_close) ended.on_close(handle, code, detail::view(reason));
      });
    }

    const mortise_websocket_v1* table;
    WebSocketHandlers handlers;
    std::shared_ptr<State> self;  // from accept() until on_close()
    std::mutex mutex;
    mortise_websocket* socket = nullptr;  // guarded by mutex; null once it is closed
  };

  explicit WebSocket(std::shared_ptr<State> state) : state_(std::move(state)) {}

  std::shared_ptr<State> state_;
};

}  // namespace mortise
