// Server-sent events: an answer that stays open while the plugin has something to tell.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/response.hpp>

namespace mortise {

/// One subscribed client. A handle: copies mean the same stream, which ends with close(), with the last copy, or when
/// the client goes. since 1.0 [any-thread]
class EventStream {
 public:
  /// Starts the stream; call from a handler: `auto events = EventStream::open(response);`
  static EventStream open(Response& response) {
    response.header("Cache-Control", "no-cache");
    auto state = std::make_shared<State>();
    state->exchange = response.start("text/event-stream");
    const auto* table = state->exchange.get_deleter().table;
    // Fails when the client has gone already: nobody would say so later.
    if (table->on_close(state->exchange.get(), &State::on_client_gone, state.get()) != MORTISE_OK) state->end();
    return EventStream(std::move(state));
  }

  /// Sends one event; `data` may have several lines. Never waits. False: the stream is closed, or this client is so
  /// slow that its buffer is full and the event was dropped.
  bool send(std::string_view event, std::string_view data, std::string_view id = {}) const {
    std::string text;
    if (!id.empty()) text.append("id: ").append(one_line(id)).append("\n");
    if (!event.empty()) text.append("event: ").append(one_line(event)).append("\n");
    for (bool is_last = false; !is_last;) {
      const auto end = data.find_first_of("\r\n");
      is_last = end == std::string_view::npos;
      text.append("data: ").append(data.substr(0, end)).append("\n");
      if (!is_last) data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
    return state_->write(text + "\n");
  }
  bool send(std::string_view data) const { return send({}, data); }

  /// Sends a line that clients ignore; keeps intermediaries from timing out.
  bool comment(std::string_view text) const { return state_->write(": " + one_line(text) + "\n\n"); }

  [[nodiscard]] bool is_open() const {
    const std::lock_guard lock(state_->mutex);
    return state_->exchange != nullptr;
  }
  void close() const { state_->end(); }

 private:
  struct State {
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { end(); }

    bool write(std::string_view text) {
      {
        const std::lock_guard lock(mutex);
        if (!exchange) return false;
        const auto written = exchange.get_deleter().table->write(exchange.get(), detail::borrow_bytes(text), 0);
        if (written != MORTISE_CANCELLED) return written == MORTISE_OK;
      }
      end();
      return false;
    }

    // The host's finish() waits for a running on_client_gone(), which takes the mutex: so it is called outside. Nothing
    // of the state is touched after the mutex: whoever finds the exchange gone may free the state.
    void end() {
      detail::OwnedExchange ended;
      {
        const std::lock_guard lock(mutex);
        ended = std::move(exchange);
      }
      if (ended) ended.get_deleter().table->finish(ended.release());
    }

    static void on_client_gone(void* self) { static_cast<State*>(self)->end(); }

    std::mutex mutex;
    detail::OwnedExchange exchange;  // guarded by mutex; whoever takes it ends it
  };

  explicit EventStream(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// A line break would start another field.
  static std::string one_line(std::string_view text) {
    std::string line(text);
    for (auto& c : line) {
      if (c == '\n' || c == '\r') c = ' ';
    }
    return line;
  }

  std::shared_ptr<State> state_;
};

}  // namespace mortise
