// A raw WebSocket client: it sends the frames that it is told to, right or wrong, and hands out those that come.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "client.hpp"

namespace mortise::http::testing {

enum class Opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

struct Frame {
  Opcode opcode = Opcode::text;
  std::string payload{};
  bool is_final = true;
  bool is_masked = true;  // as a client must

  /// What a close frame says: "1000 bye".
  [[nodiscard]] std::string close_text() const {
    if (payload.size() < 2) return "none";
    const auto code = (static_cast<unsigned char>(payload[0]) << 8) | static_cast<unsigned char>(payload[1]);
    return std::to_string(code) + (payload.size() > 2 ? " " + payload.substr(2) : "");
  }
};

/// "\x03\xe8bye" for 1000 and "bye".
inline std::string close_payload(unsigned code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return payload.append(reason);
}

inline std::string to_bytes(const Frame& frame) {
  const auto size = frame.payload.size();
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  std::string bytes{static_cast<char>((frame.is_final ? 0x80 : 0) | static_cast<int>(frame.opcode))};
  const auto first = length_bytes == 0 ? size : length_bytes == 2 ? std::size_t{126} : std::size_t{127};
  bytes += static_cast<char>((frame.is_masked ? 0x80U : 0U) | first);
  for (int i = length_bytes - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i));
  if (!frame.is_masked) return bytes + frame.payload;
  const std::string mask{"\x12\x34\x56\x78"};
  bytes += mask;
  for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(frame.payload[i] ^ mask[i % 4]);
  return bytes;
}

inline std::string opening(const std::string& path, const std::string& more_headers = {}) {
  return "GET " + path +
         " HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         more_headers + "\r\n";
}

/// One socket over a client's connection. One thread at a time.
class WebSocketClient {
 public:
  explicit WebSocketClient(std::unique_ptr<Client> connection) : connection_(std::move(connection)) {}

  /// The opening handshake; throws when it is refused.
  WebSocketClient& open(const std::string& path, const std::string& more_headers = {}) {
    answer_ = connection_->send(opening(path, more_headers)).read(true);
    if (answer_.status != 101) throw std::runtime_error("no WebSocket: " + answer_.head);
    return *this;
  }
  [[nodiscard]] const Answer& answer() const { return answer_; }

  WebSocketClient& send(const Frame& frame) {
    connection_->send(to_bytes(frame));
    return *this;
  }
  WebSocketClient& send(std::string_view text) { return send(Frame{.payload = std::string(text)}); }

  Frame read() {
    const auto head = connection_->take(2);
    const auto first = static_cast<unsigned char>(head[0]);
    std::uint64_t size = static_cast<unsigned char>(head[1]);  // a server does not mask
    if (size > 125) {
      const auto length = connection_->take(size == 126 ? 2 : 8);
      size = 0;
      for (const char byte : length) size = size << 8 | static_cast<unsigned char>(byte);
    }
    return {.opcode = static_cast<Opcode>(first & 0x0f),
            .payload = connection_->take(static_cast<std::size_t>(size)),
            .is_final = (first & 0x80) != 0,
            .is_masked = false};
  }
  /// The payload of the next frame, which must be of this kind.
  std::string read(Opcode opcode) {
    auto frame = read();
    if (frame.opcode != opcode) {
      throw std::runtime_error("another frame came: " + std::to_string(static_cast<int>(frame.opcode)));
    }
    return std::move(frame.payload);
  }
  /// Reads on to the close frame and says what it says.
  std::string read_close() {
    for (;;) {
      const auto frame = read();
      if (frame.opcode == Opcode::close) return frame.close_text();
    }
  }

  Client& connection() { return *connection_; }

 private:
  std::unique_ptr<Client> connection_;
  Answer answer_;
};

}  // namespace mortise::http::testing
