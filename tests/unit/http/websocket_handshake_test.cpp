// What is answered to requests that are no sound handshake, and what the C interface says to the plugin.
#include <vector>

#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::opening;
using testing::WebSocketTest;

std::string without(std::string request, const std::string& line) {
  const auto at = request.find(line);
  return request.erase(at, request.find("\r\n", at) + 2 - at);
}

class WebSocketHandshakeTest : public WebSocketTest {
 protected:
  void SetUp() override { serve_echo(); }
};

TEST_F(WebSocketHandshakeTest, AsksAPlainRequestToUpgrade) {
  const auto answer = get("/echo");
  EXPECT_EQ(answer.status, 426U);
  EXPECT_EQ(answer.header("Upgrade"), "websocket");
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
}

TEST_F(WebSocketHandshakeTest, NamesTheVersionThatIsSpoken) {
  auto request = opening("/echo");
  request.replace(request.find("Version: 13"), 11, "Version: 12");
  const auto answer = ask(request);
  EXPECT_EQ(answer.status, 426U);
  EXPECT_EQ(answer.header("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(ask(without(opening("/echo"), "Sec-WebSocket-Version")).status, 426U);
}

TEST_F(WebSocketHandshakeTest, RefusesAMissingDoubleOrFaultyKey) {
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_EQ(ask(without(opening("/echo"), "Sec-WebSocket-Key")).status, 400U);
  EXPECT_EQ(ask(opening("/echo", key)).status, 400U);
  auto faulty = opening("/echo");
  faulty.replace(faulty.find("dGhl"), 4, "dG%l");
  EXPECT_EQ(ask(faulty).status, 400U);
}

TEST_F(WebSocketHandshakeTest, GoesOnWithTheConnectionAfterARefusal) {
  auto client = connect();
  EXPECT_EQ(client.send(opening("/echo", "Origin: https://evil.example\r\n")).read().status, 403U);
  EXPECT_EQ(client.send(opening("/echo")).read(true).status, 101U);
}

TEST_F(WebSocketHandshakeTest, TakesThePagesOfThisHostAlone) {
  for (const std::string own : {"http://a", "https://A", "http://a:80", "https://a:443"}) {
    EXPECT_EQ(ask(opening("/echo", "Origin: " + own + "\r\n")).status, 101U) << own;
  }
  for (const std::string other : {"http://b", "http://a:8080", "http://a.b", "null", "a", ""}) {
    EXPECT_EQ(ask(opening("/echo", "Origin: " + other + "\r\n")).status, 403U) << other;
  }
}

TEST_F(WebSocketHandshakeTest, RefusesHttp10) {
  auto request = opening("/echo");
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  EXPECT_EQ(ask(request).status, 426U);
}

TEST_F(WebSocketTest, TakesThePagesOfOtherSitesWhenThePluginDoes) {
  serve([](Context& context) { context.http().websocket("/open", {.any_origin = true}); });
  EXPECT_EQ(ask(opening("/open", "Origin: https://other.example\r\n")).status, 101U);
}

TEST_F(WebSocketTest, AgreesOnASubprotocolThatTheClientOffers) {
  serve([](Context& context) { context.http().websocket("/chat", {.protocol = "chat.v2"}); });
  EXPECT_EQ(open("/chat", "Sec-WebSocket-Protocol: chat.v1, chat.v2\r\n").answer().header("Sec-WebSocket-Protocol"),
            "chat.v2");
  EXPECT_EQ(open("/chat", "Sec-WebSocket-Protocol: chat.v1\r\n").answer().header("Sec-WebSocket-Protocol"), "");
}

/// Handlers of a C plugin that hears nothing.
mortise_websocket_handlers_v1 deaf_handlers() {
  return {.struct_size = sizeof(mortise_websocket_handlers_v1),
          .flags = 0,
          .protocol = {},
          .self = nullptr,
          .on_message = [](void*, mortise_websocket*, mortise_bytes, std::uint32_t, mortise_error*) -> mortise_status {
            return MORTISE_OK;
          },
          .on_close = [](void*, mortise_websocket*, std::uint32_t, mortise_str) {}};
}

TEST_F(WebSocketTest, TellsThePluginWhatIsWrongWithItsCall) {
  start();
  const auto& table = *static_cast<const mortise_websocket_v1*>(server().interface(MORTISE_WEBSOCKET_V1));
  std::vector<mortise_status> said;
  auto& made = plugin();
  made.on("GET", "/faulty", [&](auto* exchange, const auto&) {
    mortise_websocket* socket = nullptr;
    auto handlers = deaf_handlers();
    handlers.on_close = nullptr;
    said.push_back(table.accept(exchange, &handlers, &socket));
    return made.respond(exchange, "as it was");
  });
  made.on("GET", "/answered", [&](auto* exchange, const auto&) {
    mortise_websocket* socket = nullptr;
    const auto handlers = deaf_handlers();
    made.respond(exchange, "answered");
    return said.emplace_back(table.accept(exchange, &handlers, &socket));
  });
  made.on("GET", "/codes", [&](auto* exchange, const auto&) {
    mortise_websocket* socket = nullptr;
    const auto handlers = deaf_handlers();
    said.push_back(table.accept(exchange, &handlers, &socket));
    for (const unsigned code : {999U, 1004U, 1005U, 1006U, 1015U, 2999U, 5000U}) {
      said.push_back(table.close(socket, code, {}));
    }
    said.push_back(table.close(socket, 1000, testing::str(std::string(124, 'x'))));
    said.push_back(table.close(socket, 4999, testing::str(std::string(123, 'x'))));
    said.push_back(table.close(socket, 1000, {}));
    said.push_back(table.send(socket, {}, 1));
    return MORTISE_OK;
  });
  publish(made);
  EXPECT_EQ(ask(opening("/faulty")).body, "as it was");
  EXPECT_EQ(ask(opening("/answered")).body, "answered");
  EXPECT_EQ(said, (std::vector<mortise_status>{MORTISE_INVALID_ARGUMENT, MORTISE_FAILED_PRECONDITION}));
  said.clear();
  EXPECT_EQ(open("/codes").read_close(), "4999 " + std::string(123, 'x'));
  std::vector<mortise_status> expected(9, MORTISE_INVALID_ARGUMENT);
  expected.front() = MORTISE_OK;
  expected.insert(expected.end(), {MORTISE_OK, MORTISE_CANCELLED, MORTISE_CANCELLED});
  EXPECT_EQ(said, expected);
}

}  // namespace
}  // namespace mortise::http
