#include "http/websocket.hpp"

#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::Event;
using testing::Frame;
using testing::Opcode;
using testing::opening;
using testing::WebSocketTest;
using namespace std::chrono_literals;

TEST_F(WebSocketTest, EchoesTextAndBytes) {
  serve_echo();
  auto client = open("/echo");
  EXPECT_EQ(client.send("hello").read(Opcode::text), "hello");
  const std::string bytes("\0\xff\x80 bytes", 9);
  EXPECT_EQ(client.send(Frame{.opcode = Opcode::binary, .payload = bytes}).read(Opcode::binary), bytes);
  EXPECT_EQ(client.send("").read(Opcode::text), "");
}

TEST_F(WebSocketTest, CarriesMessagesOfAllLengths) {
  serve_echo();
  auto client = open("/echo");
  for (const std::size_t size : {125UL, 126UL, 65535UL, 65536UL, 1048576UL}) {
    const std::string text(size, 'x');
    EXPECT_EQ(client.send(text).read(Opcode::text), text);
  }
}

TEST_F(WebSocketTest, AcceptsWithTheKeysAnswerAndTheRequestsId) {
  serve_echo();
  const auto client = open("/echo", "X-Request-Id: mine\r\n");
  EXPECT_EQ(client.answer().header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");  // RFC 6455's example
  EXPECT_EQ(client.answer().header("X-Request-Id"), "mine");
  EXPECT_EQ(client.answer().header("Sec-WebSocket-Protocol"), "");
  EXPECT_EQ(client.answer().header("Sec-WebSocket-Extensions"), "");
  EXPECT_NE(client.answer().header("Date"), "");
}

TEST_F(WebSocketTest, PutsFragmentsTogetherAndAnswersPingsBetweenThem) {
  serve_echo();
  auto client = open("/echo");
  client.send(Frame{.payload = "one ", .is_final = false});
  EXPECT_EQ(client.send(Frame{.opcode = Opcode::ping, .payload = "still there?"}).read(Opcode::pong), "still there?");
  client.send(Frame{.opcode = Opcode::more, .payload = "two ", .is_final = false});
  client.send(Frame{.opcode = Opcode::more, .payload = "", .is_final = false});
  EXPECT_EQ(client.send(Frame{.opcode = Opcode::more, .payload = "three"}).read(Opcode::text), "one two three");
}

TEST_F(WebSocketTest, TakesACharacterThatIsSplitOverFragments) {
  serve_echo();
  auto client = open("/echo");
  client.send(Frame{.payload = "\xe2\x82", .is_final = false});
  EXPECT_EQ(client.send(Frame{.opcode = Opcode::more, .payload = "\xac"}).read(Opcode::text), "\xe2\x82\xac");
}

TEST_F(WebSocketTest, TakesAMessageThatCameWithTheHandshake) {
  serve_echo();
  auto client = connect_socket();
  client.connection().send(opening("/echo") + to_bytes(Frame{.payload = "early"}));
  EXPECT_EQ(client.connection().read(true).status, 101U);
  EXPECT_EQ(client.read(Opcode::text), "early");
}

TEST_F(WebSocketTest, AnswersTheRequestsBeforeTheHandshakeFirst) {
  serve([this](Context& context) {
    echo(context, record_);
    context.http().get("/plain", [](const Request&, Response& response) { response.text("plain"); });
  });
  auto client = connect_socket();
  client.connection().send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n" + opening("/echo"));
  EXPECT_EQ(client.connection().read().body, "plain");
  EXPECT_EQ(client.connection().read(true).status, 101U);
  EXPECT_EQ(client.send("hello").read(Opcode::text), "hello");
}

TEST_F(WebSocketTest, LetsThePluginLookAtTheRequest) {
  serve([](Context& context) {
    context.http().websocket("/rooms/{room}", [](const Request& request) {
      if (request.param("room") == "closed") throw Error(Status::not_found, "no such room");
      return WebSocketHandlers{
          .on_open = [room = std::string(request.param("room"))](const auto& socket) { socket.send("in " + room); }};
    });
  });
  EXPECT_EQ(open("/rooms/blue").read(Opcode::text), "in blue");
  const auto refused = ask(opening("/rooms/closed"));
  EXPECT_EQ(refused.status, 404U);
  EXPECT_NE(refused.body.find("no such room"), std::string::npos);
}

TEST_F(WebSocketTest, SendsWhileAHandlerIsHeldUp) {
  Event is_inside;
  Event may_go;
  std::optional<mortise::WebSocket> kept;
  serve([&](Context& context) {
    context.http().websocket("/slow", {.on_open = [&](const auto& socket) { kept = socket; },
                                       .on_text =
                                           [&](const auto&, std::string_view) {
                                             is_inside.set();
                                             may_go.wait();
                                           }});
    context.http().get("/plain", [](const Request&, Response& response) { response.text("plain"); });
  });
  auto client = open("/slow");
  client.send("block");
  ASSERT_TRUE(is_inside.wait());
  EXPECT_TRUE(kept->send("from another thread"));
  EXPECT_EQ(client.read(Opcode::text), "from another thread");
  EXPECT_EQ(get("/plain").body, "plain");
  may_go.set();
  shut_down(0ms);  // before what the handlers use goes
}

TEST_F(WebSocketTest, NeverCallsTwiceAtOnceForOneSocket) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  serve([&](Context& context) {
    context.http().websocket("/count", {.on_text = [&](const auto& socket, std::string_view text) {
                               most = std::max(most.load(), ++inside);
                               std::this_thread::yield();
                               --inside;
                               socket.send(text);
                             }});
  });
  auto client = open("/count");
  for (int i = 0; i < 500; ++i) client.send(std::to_string(i));
  for (int i = 0; i < 500; ++i) EXPECT_EQ(client.read(Opcode::text), std::to_string(i));
  EXPECT_EQ(most, 1);
  shut_down(0ms);
}

TEST_F(WebSocketTest, RefusesMessagesThatThePeerDoesNotRead) {
  std::optional<mortise::WebSocket> kept;
  Event is_open;
  serve([&](Context& context) {
    context.http().websocket("/flood", {.on_open = [&](const auto& socket) {
                               kept = socket;
                               is_open.set();
                             }});
  });
  testing::WebSocketClient client(std::make_unique<testing::Client>(port(), 4096));
  client.open("/flood");
  ASSERT_TRUE(is_open.wait());
  const std::string padding(65536, '.');
  int sent = 0;
  while (kept->send(std::to_string(sent) + padding)) ++sent;
  EXPECT_TRUE(kept->is_open());
  EXPECT_GT(sent, 10);
  // What was taken arrives, whole and in order; then there is room again.
  for (int i = 0; i < sent; ++i) ASSERT_EQ(client.read(Opcode::text), std::to_string(i) + padding);
  EXPECT_TRUE(kept->send("room"));
  EXPECT_EQ(client.read(Opcode::text), "room");
}

TEST_F(WebSocketTest, SendsOneMessageThatIsLargerThanTheQueue) {
  serve([](Context& context) {
    context.http().websocket(
        "/large", {.on_open = [](const auto& socket) { EXPECT_TRUE(socket.send(std::string(5'000'000, 'x'))); }});
  });
  EXPECT_EQ(open("/large").read(Opcode::text).size(), 5'000'000U);
}

}  // namespace
}  // namespace mortise::http
