// The slow way between a host and a worker: JSON with bytes behind it, over a socket pair. Hooks of the plugin's life,
// what it registers, its log. Requests go another way (area.hpp).
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "base/files.hpp"
#include "base/result.hpp"

namespace mortise::isolation {

/// What "say" of a message is.
namespace say {
inline constexpr const char* kHook = "hook";      // host: run `name`; its bytes have come before, as pieces
inline constexpr const char* kPiece = "piece";    // both: bytes of what comes next
inline constexpr const char* kDone = "done";      // worker: the hook's `status` and `message`
inline constexpr const char* kAsk = "ask";        // worker, inside a hook: register `what`
inline constexpr const char* kAnswer = "answer";  // host: `status` and `message` of that
inline constexpr const char* kLog = "log";        // worker: one line
// worker, once, before its plugin's code has run: what confines it
inline constexpr const char* kSandbox = "sandbox";
}  // namespace say

/// Bytes that are longer go in several messages.
inline constexpr std::size_t kMostBytes = std::size_t{256} << 10U;
/// Of a message's head: the host's may hold a plugin's config, a worker's a line of its log.
inline constexpr std::size_t kMostHead = std::size_t{16} << 20U;
inline constexpr std::size_t kMostWorkerHead = std::size_t{1} << 20U;

/// The text under `key` of an object; empty where there is none.
std::string text_in(const nlohmann::json& object, const char* key);

struct Message {
  nlohmann::json head = nlohmann::json::object();
  std::string bytes{};

  [[nodiscard]] std::string said() const { return text("say"); }
  /// Whatever the other side has sent; empty, or 0, where it is none.
  [[nodiscard]] std::string text(const char* key) const { return text_in(head, key); }
  [[nodiscard]] std::int64_t number(const char* key) const;
};

/// One end. Sending: one thread at a time, as callers see to; receiving likewise, beside that.
class Talk {
 public:
  explicit Talk(base::Descriptor end) : end_(std::move(end)) {}
  /// An end of one's own, and the other's.
  static base::Result<std::pair<base::Descriptor, base::Descriptor>> make();

  [[nodiscard]] int descriptor() const noexcept { return end_.get(); }
  /// Until when whatever is sent may wait for a reader; at first for ever.
  void limit_sending(std::chrono::steady_clock::time_point until) { sending_limit_ = until; }
  /// Whose head is longer sends garbage.
  void limit_heads(std::size_t most_bytes) { most_head_ = most_bytes; }

  /// False: nobody reads it, or nobody has in time.
  bool send(const nlohmann::json& head, std::string_view bytes = {});
  /// All bytes as pieces, then the message.
  bool send_all(const nlohmann::json& head, std::string_view bytes);

  enum class Received { message, nothing, ended, garbage };
  /// Does not wait. `garbage`: what has come is no message; nothing more is to be made of it.
  Received receive(Message& message);
  /// Waits; false at the end.
  bool wait(Message& message);

 private:
  Received cut(Message& message);

  base::Descriptor end_;
  std::chrono::steady_clock::time_point sending_limit_ = std::chrono::steady_clock::time_point::max();
  std::size_t most_head_ = kMostHead;
  std::string pending_;
};

}  // namespace mortise::isolation
