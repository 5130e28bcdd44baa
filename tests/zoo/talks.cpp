// WebSockets that do what their peers tell them to, at /talks and at /talks/in/{room}, which welcomes to the room
// unless that is "closed". What comes is sent back, but for texts that begin with "!":
//   !close CODE REASON   closes the socket
//   !fail                the handler fails
//   !say N               sends N bytes
//   !fill N              sends messages of N bytes, each numbered, until one is refused, and notes how many went
//   !hold                stays inside until somebody asks for /talks/free
//   !crash               the process dies
//   !best                sends what the best provider of zoo.currency/1 makes of 21; its close is noted with that, too
//   !version             sends the plugin's
// GET /talks/say/{text} has all sockets send the text; GET /talks/notes tells what was noted, also the opening and the
// close of sockets.
#include <mortise/mortise.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zoo_currency.hpp"

namespace {

using mortise::Request;
using mortise::Response;
using mortise::WebSocket;

class Talks : public mortise::Plugin {
 public:
  explicit Talks(mortise::Context& ctx) : best_(ctx.require_optional<zoo::Currency>()) {
    auto& http = ctx.http();
    http.websocket("/talks", handlers());
    http.websocket("/talks/in/{room}", [this](const Request& request) {
      const std::string room(request.param("room"));
      if (room == "closed") throw mortise::Error(mortise::Status::not_found, "no such room");
      auto made = handlers();
      made.protocol = "talk.v1";
      made.on_open = [this, room](const WebSocket& socket) {
        add(socket);
        socket.send("in " + room);
      };
      return made;
    });
    http.get("/talks/say/{text}", [this](const Request& request, Response& response) {
      const std::lock_guard lock(mutex_);
      for (const auto& socket : sockets_) socket.send(request.param("text"));
      response.text(std::to_string(sockets_.size()));
    });
    http.get("/talks/free", [this](const Request&, Response& response) {
      const std::lock_guard lock(mutex_);
      is_free_ = true;
      freed_.notify_all();
      response.text("free");
    });
    http.get("/talks/notes", [this](const Request&, Response& response) {
      const std::lock_guard lock(mutex_);
      response.json(notes_);
    });
  }

 private:
  mortise::WebSocketHandlers handlers() {
    return {.on_open = [this](const WebSocket& socket) { add(socket); },
            .on_text = [this](const WebSocket& socket, std::string_view text) { hear(socket, text); },
            .on_binary = [](const WebSocket& socket, auto bytes) { socket.send(bytes); },
            .on_close = [this](const WebSocket& socket, std::uint32_t code,
                               std::string_view reason) { remove(socket, code, reason); }};
  }

  void add(const WebSocket& socket) {
    const std::lock_guard lock(mutex_);
    sockets_.insert(socket);
    notes_.emplace_back("open");
  }
  void remove(const WebSocket& socket, std::uint32_t code, std::string_view reason) {
    auto text = "close " + std::to_string(code) + (reason.empty() ? "" : " ") + std::string(reason);
    if (best_.get() != nullptr) text += " at " + best();
    const std::lock_guard lock(mutex_);
    sockets_.erase(socket);
    notes_.push_back(std::move(text));
  }
  std::string best() const {
    const auto* currency = best_.get();
    return currency == nullptr ? "nobody" : std::to_string(currency->convert({21, "CHF"}, "EUR").amount);
  }
  void note(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(text));
  }

  void hear(const WebSocket& socket, std::string_view text) {
    if (!text.starts_with('!')) {
      socket.send(text);
      return;
    }
    const auto command = next_word(text);
    if (command == "!close") {
      const auto code = std::stoul(std::string(next_word(text)));
      socket.close(static_cast<std::uint32_t>(code), text);
    } else if (command == "!fail") {
      throw mortise::Error(mortise::Status::internal, "as it was told to");
    } else if (command == "!say") {
      socket.send(std::string(std::stoul(std::string(text)), 's'));
    } else if (command == "!fill") {
      fill(socket, std::stoul(std::string(text)));
    } else if (command == "!hold") {
      std::unique_lock lock(mutex_);
      notes_.emplace_back("held");
      freed_.wait(lock, [this] { return is_free_; });
    } else if (command == "!crash") {
      std::abort();
    } else if (command == "!best") {
      socket.send(best());
    } else if (command == "!version") {
      socket.send(std::string_view(ZOO_VERSION));
    }
  }

  void fill(const WebSocket& socket, std::size_t size) {
    int sent = 0;
    while (socket.send(std::to_string(sent) + std::string(size, '.'))) ++sent;
    note("filled " + std::to_string(sent));
  }

  static std::string_view next_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
  }

  mortise::OptionalSlot<zoo::Currency> best_;
  std::mutex mutex_;
  std::condition_variable freed_;
  // Guarded by mutex_:
  std::set<WebSocket> sockets_;
  std::vector<std::string> notes_;
  bool is_free_ = false;
};

}  // namespace

MORTISE_PLUGIN(Talks)
