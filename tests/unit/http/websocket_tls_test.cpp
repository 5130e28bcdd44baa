// WebSockets over TLS (wss).
#include "certificates.hpp"
#include "tls_client.hpp"
#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::close_payload;
using testing::Frame;
using testing::Opcode;
using testing::TlsClient;
using testing::WebSocketClient;

class SecureWebSocketTest : public testing::WebSocketTest {
 protected:
  ServerSettings secure() const {
    ServerSettings settings;
    settings.listen.push_back({.address = "127.0.0.1", .port = 0, .tls = testing::make_tls(folder_.path())});
    settings.max_body_bytes = 4'000'000;
    return settings;
  }
  WebSocketClient open_secure(const std::string& path) const {
    WebSocketClient client(std::make_unique<TlsClient>(port()));
    client.open(path);
    return client;
  }

  mortise::testing::TemporaryDirectory folder_;
};

TEST_F(SecureWebSocketTest, EchoesAndCloses) {
  serve_echo(secure());
  auto client = open_secure("/echo");
  EXPECT_EQ(client.send("hello").read(Opcode::text), "hello");
  const std::string large(3'000'000, 'x');
  EXPECT_TRUE(client.send(large).read(Opcode::text) == large);
  client.send(Frame{.opcode = Opcode::close, .payload = close_payload(1000, "done")});
  EXPECT_EQ(client.read_close(), "1000");
  EXPECT_EQ(client.connection().read_to_end(), "");
  EXPECT_TRUE(dynamic_cast<TlsClient&>(client.connection()).got_close_notify());
  EXPECT_EQ(record_.wait(2), (std::vector<std::string>{"open", "close 1000 done"}));
}

TEST_F(SecureWebSocketTest, SendsFromOtherThreadsWhileThePeerSends) {
  std::optional<mortise::WebSocket> kept;
  std::atomic<int> heard{0};
  constexpr int kMessages = 300;
  serve(
      [&](Context& context) {
        context.http().websocket(
            "/both", {.on_open = [&](const auto& socket) { kept = socket; },
                      .on_text = [&](const auto&, std::string_view text) { EXPECT_EQ(text, std::to_string(heard++)); },
                      .on_close = [&](const auto&, auto...) { record_.add("closed"); }});
      },
      secure());
  auto client = open_secure("/both");
  std::thread speaker([&] {
    for (int i = 0; i < kMessages; ++i) EXPECT_TRUE(kept->send(std::to_string(i) + std::string(2000, '.')));
  });
  for (int i = 0; i < kMessages; ++i) {
    client.send(std::to_string(i));
    EXPECT_EQ(client.read(Opcode::text), std::to_string(i) + std::string(2000, '.'));
  }
  speaker.join();
  client.send(Frame{.opcode = Opcode::close, .payload = close_payload(1000)});
  record_.wait(1);
  EXPECT_EQ(heard, kMessages);
}

TEST_F(SecureWebSocketTest, NoticesAPeerThatVanishes) {
  serve_echo(secure());
  open_secure("/echo").connection().reset();
  EXPECT_EQ(record_.wait(2).back(), "close 1006");
}

}  // namespace
}  // namespace mortise::http
