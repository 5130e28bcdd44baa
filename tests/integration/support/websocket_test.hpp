// The fixture of tests that talk to the zoo's plugin `talks` over WebSockets.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "http/websocket_client.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {

class TalksTest : public WorkersTest {
 protected:
  using Socket = http::testing::WebSocketClient;
  using Frame = http::testing::Frame;
  using Opcode = http::testing::Opcode;
  using Notes = std::vector<std::string>;

  TalksTest() { prefix_.configure({{"edge", {{"max_body_bytes", 16 << 20}}}}); }

  /// `receive_buffer`: how little the client's system keeps of what it does not read.
  [[nodiscard]] Socket connect(int receive_buffer = 0) const {
    return Socket(std::make_unique<http::testing::Client>(host_->port(), receive_buffer));
  }
  [[nodiscard]] Socket open(const std::string& path = "/talks", const std::string& more_headers = {}) const {
    auto socket = connect();
    socket.open(path, more_headers);
    return socket;
  }
  /// What a request is answered that is to open a socket, and does not.
  [[nodiscard]] http::testing::Answer refusal_of(const std::string& request) const {
    return http::testing::Client(host_->port()).send(request).read();
  }
  static void close(Socket& socket, unsigned code, std::string_view reason = {}) {
    socket.send(Frame{.opcode = Opcode::close, .payload = http::testing::close_payload(code, reason)});
  }
  /// What the plugin has noted, when that is so much.
  Notes wait_for_notes(std::size_t count) const {
    Notes notes;
    wait_until([&] {
      notes = host_->get("/talks/notes").json().get<Notes>();
      return notes.size() >= count;
    });
    return notes;
  }
  static std::string make_text(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 23);
    return text;
  }
};

}  // namespace mortise::integration
