// A server with one plugin that is written with the SDK's C++ layer, as a team would write it.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mortise/mortise.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "edge_fixture.hpp"
#include "websocket_client.hpp"

namespace mortise::http::testing {

/// What happened, in order, as texts. Any thread.
class Record {
 public:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    entries_.push_back(std::move(what));
    changed_.notify_all();
  }
  /// Waits until there are `count` entries; returns all.
  std::vector<std::string> wait(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLong, [&] { return entries_.size() >= count; });
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> entries_;
};

inline std::string to_text(std::uint32_t code, std::string_view reason) {
  return std::to_string(code) + (reason.empty() ? "" : " ") + std::string(reason);
}

class WebSocketTest : public EdgeTest {
 protected:
  using Build = std::function<void(Context&)>;

  /// Starts the server with a plugin that `build` makes.
  runtime::GenerationPtr serve(Build build, ServerSettings settings = {}) {
    start(std::move(settings));
    return publish(sdk_plugin(std::move(build)));
  }
  TestPlugin& sdk_plugin(Build build) {
    auto& made = plugin();
    return made.in_init([this, build = std::move(build)](const mortise_host_v1& host, mortise_error* error) {
      return mortise::detail::barrier(error, [&] { build(contexts_.emplace_back(host)); });
    });
  }
  /// "/echo" sends back what comes; its record gets "open" and "close CODE REASON".
  static void echo(Context& context, Record& record) {
    context.http().websocket(
        "/echo", {.on_open = [&record](const auto&) { record.add("open"); },
                  .on_text = [](const auto& socket, std::string_view text) { socket.send(text); },
                  .on_binary = [](const auto& socket, auto bytes) { socket.send(bytes); },
                  .on_close = [&record](const auto&, std::uint32_t code,
                                        std::string_view reason) { record.add("close " + to_text(code, reason)); }});
  }
  runtime::GenerationPtr serve_echo(ServerSettings settings = {}) {
    return serve([this](Context& context) { echo(context, record_); }, std::move(settings));
  }

  [[nodiscard]] WebSocketClient connect_socket() const { return WebSocketClient(std::make_unique<Client>(port())); }
  [[nodiscard]] WebSocketClient open(const std::string& path, const std::string& more_headers = {}) const {
    auto client = connect_socket();
    client.open(path, more_headers);
    return client;
  }

  Record record_;

 private:
  std::deque<Context> contexts_;
};

}  // namespace mortise::http::testing
