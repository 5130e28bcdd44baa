// Server-sent events: an answer that stays open while the plugin has something to tell.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include <mortise/response.hpp>

namespace mortise {

/// One subscribed client. A handle: copies mean the same stream, which ends with close(), with the last copy, or when
/// the client goes. Any thread. since 1.0
class EventStream {
 public:
  /// Starts the stream; call from a handler: `auto events = EventStream::open(response);`
  static EventStream open(Response& response) {
    auto& answer = response.answer();
    const auto& table = answer.table();
    answer.headers.emplace_back("Cache-Control", "no-cache");
    detail::check(table.defer(answer.exchange()), "the answer was sent already");
    auto state = std::make_shared<State>(&table, answer.exchange());
    const auto started = answer.send(table.start, {}, "text/event-stream");
    if (started == MORTISE_OK) table.on_close(answer.exchange(), &State::on_client_gone, state.get());
    if (started != MORTISE_OK) state->end();
    return EventStream(std::move(state));
  }

  /// Sends one event; `data` may have several lines. False: the stream is closed, or this client is so slow that its
  /// buffer is full and the event was dropped.
  bool send(std::string_view event, std::string_view data, std::string_view id = {}) const {
    std::string text;
    if (!id.empty()) text.append("id: ").append(one_line(id)).append("\n");
    if (!event.empty()) text.append("event: ").append(one_line(event)).append("\n");
    for (;;) {
      const auto end = data.find('\n');
      text.append("data: ").append(one_line(data.substr(0, end))).append("\n");
      if (end == std::string_view::npos) break;
      data.remove_prefix(end + 1);
    }
    return state_->write(text + "\n");
  }
  bool send(std::string_view data) const { return send({}, data); }

  /// Sends a line that clients ignore; keeps intermediaries from timing out.
  bool comment(std::string_view text) const { return state_->write(": " + one_line(text) + "\n\n"); }

  [[nodiscard]] bool is_open() const {
    const std::lock_guard lock(state_->mutex);
    return state_->is_open;
  }
  void close() const { state_->end(); }

 private:
  struct State {
    State(const mortise_http_v1* given_table, mortise_http_exchange* given) : table(given_table), exchange(given) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { end(); }

    bool write(const std::string& text) {
      {
        const std::lock_guard lock(mutex);
        if (!is_open) return false;
        const auto written =
            table->write(exchange, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, 0);
        if (written != MORTISE_CANCELLED) return written == MORTISE_OK;
      }
      end();
      return false;
    }

    // The host's finish() waits for a running on_client_gone(), which takes the mutex: so it is called outside.
    void end() {
      const auto* host = table;
      auto* ended = exchange;
      {
        const std::lock_guard lock(mutex);
        if (!is_open) return;
        is_open = false;
      }
      // Whoever holds the state may let go of it as soon as is_open is false.
      if (host->finish(ended) == MORTISE_FAILED_PRECONDITION) host->abort(ended);
    }

    static void on_client_gone(void* self) { static_cast<State*>(self)->end(); }

    const mortise_http_v1* table;
    mortise_http_exchange* exchange;
    std::mutex mutex;
    bool is_open = true;  // guarded by mutex; whoever clears it ends the exchange
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
