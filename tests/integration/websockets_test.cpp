// WebSockets of a plugin, which are the same wherever it runs.
#include <string>

#include "support/placed_test.hpp"
#include "support/websocket_test.hpp"

namespace mortise::integration {
namespace {

using http::testing::opening;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WebSocketsTest : public TalksTest, public ::testing::WithParamInterface<const char*> {
 protected:
  WebSocketsTest() {
    prefix_.place(GetParam());
    prefix_.add_zoo("talks-1.0", "talks");
  }
};

TEST_P(WebSocketsTest, MessagesOfAllKindsAndLengthsGoBothWays) {
  start();
  auto socket = open();
  for (const std::size_t size : {0U, 1U, 125U, 126U, 8'100U, 8'192U, 65'536U, 1U << 20U, 10'000'000U}) {
    const auto text = make_text(size);
    EXPECT_TRUE(socket.send(text).read(Opcode::text) == text) << size;
  }
  const std::string bytes("\0\xff\x80 bytes", 9);
  EXPECT_EQ(socket.send(Frame{.opcode = Opcode::binary, .payload = bytes}).read(Opcode::binary), bytes);
  socket.send(Frame{.payload = "one ", .is_final = false});
  EXPECT_EQ(socket.send(Frame{.opcode = Opcode::ping, .payload = "there?"}).read(Opcode::pong), "there?");
  EXPECT_EQ(socket.send(Frame{.opcode = Opcode::more, .payload = "two"}).read(Opcode::text), "one two");
  EXPECT_EQ(socket.send(make_text((16U << 20U) + 1)).read_close(), "1009");
}

TEST_P(WebSocketsTest, TheUpgradeIsAcceptedAsThePluginWishes) {
  start();
  const std::string offers = "Sec-WebSocket-Protocol: other, talk.v1\r\nX-Request-Id: mine\r\n";
  auto socket = open("/talks/in/blue", offers);
  EXPECT_EQ(socket.answer().header("Sec-WebSocket-Protocol"), "talk.v1");
  EXPECT_EQ(socket.answer().header("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(socket.answer().header("X-Request-Id"), "mine");
  EXPECT_EQ(socket.read(Opcode::text), "in blue");
  const auto closed = refusal_of(opening("/talks/in/closed"));
  EXPECT_EQ(closed.status, 404U);
  EXPECT_THAT(closed.body, HasSubstr("no such room"));
}

TEST_P(WebSocketsTest, WhatIsNoHandshakeIsRefusedAndTheConnectionLivesOn) {
  start();
  http::testing::Client client(host_->port());
  const auto plain = client.send("GET /talks HTTP/1.1\r\nHost: a\r\n\r\n").read();
  EXPECT_EQ(plain.status, 426U);
  EXPECT_EQ(plain.header("Upgrade"), "websocket");
  EXPECT_THAT(plain.body, HasSubstr("ask for an upgrade"));
  auto bad = opening("/talks");
  bad.replace(bad.find("dGhl"), 4, "****");
  EXPECT_EQ(client.send(bad).read().status, 400U);
  const auto foreign = client.send(opening("/talks", "Origin: https://elsewhere.example\r\n")).read();
  EXPECT_EQ(foreign.status, 403U);
  EXPECT_EQ(client.send("GET /talks/notes HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "[]");
  Socket socket(std::make_unique<http::testing::Client>(host_->port()));
  socket.connection().send("GET /talks/notes HTTP/1.1\r\nHost: a\r\n\r\n" + opening("/talks") +
                           to_bytes(Frame{.payload = "early"}));
  EXPECT_EQ(socket.connection().read().body, "[]");
  EXPECT_EQ(socket.connection().read(true).status, 101U);
  EXPECT_EQ(socket.read(Opcode::text), "early");
}

TEST_P(WebSocketsTest, EitherSideClosesAndThePluginHearsOfItOnce) {
  start();
  auto by_peer = open();
  close(by_peer, 4001, "bye");
  EXPECT_EQ(by_peer.read_close(), "4001");
  EXPECT_EQ(wait_for_notes(2).back(), "close 4001 bye");
  auto by_plugin = open();
  by_plugin.send("!close 4000 enough").send("ignored");
  EXPECT_EQ(by_plugin.read_close(), "4000 enough");
  close(by_plugin, 4000);
  EXPECT_EQ(by_plugin.connection().read_to_end(), "");
  EXPECT_EQ(wait_for_notes(4).back(), "close 4000 enough");
  open().connection().reset();
  EXPECT_EQ(wait_for_notes(6).back(), "close 1006");
  EXPECT_EQ(wait_for_notes(6).size(), 6U);
}

TEST_P(WebSocketsTest, AHandlerThatFailsClosesItsSocketWithAWordToTheLog) {
  start();
  auto socket = open("/talks", "X-Request-Id: mine\r\n");
  EXPECT_EQ(socket.send("!fail").read_close(), "1011 the plugin that serves this failed");
  close(socket, 1011);
  EXPECT_EQ(wait_for_notes(2).back(), "close 1011 the plugin that serves this failed");
  const auto line = host_->wait_for_log("websocket handler failed");
  EXPECT_EQ(line["reason"], "as it was told to");
  EXPECT_EQ(line["route"], "GET /talks");
  EXPECT_EQ(line["plugin"], "talks");
  EXPECT_EQ(line["request_id"], "mine");
}

TEST_P(WebSocketsTest, AnyThreadSendsWhileAHandlerIsInsideAndMessagesKeepTheirOrder) {
  start();
  auto socket = open();
  auto other = open();
  socket.send("!hold");
  wait_for_notes(3);
  for (int i = 0; i < 300; ++i) socket.send(std::to_string(i));
  EXPECT_EQ(host_->get("/talks/say/news").body, "2");
  EXPECT_EQ(socket.read(Opcode::text), "news");
  EXPECT_EQ(other.read(Opcode::text), "news");
  EXPECT_EQ(other.send("quick").read(Opcode::text), "quick");
  EXPECT_EQ(host_->get("/talks/free").body, "free");
  for (int i = 0; i < 300; ++i) EXPECT_EQ(socket.read(Opcode::text), std::to_string(i));
}

TEST_P(WebSocketsTest, AFullQueueSaysSoAndWhatItHasTakenArrives) {
  start();
  auto slow = connect(4096);
  slow.open("/talks");
  constexpr std::size_t kSize = 65'536;
  slow.send("!fill " + std::to_string(kSize));
  const auto filled = wait_for_notes(2).back();
  EXPECT_THAT(filled, StartsWith("filled "));
  const auto sent = std::stoi(filled.substr(7));
  EXPECT_GT(sent, 10);
  EXPECT_LT(sent, 1000) << "what waits for a peer is bounded";
  for (int i = 0; i < sent; ++i) {
    ASSERT_TRUE(slow.read(Opcode::text) == std::to_string(i) + std::string(kSize, '.')) << i;
  }
  EXPECT_EQ(slow.send("!say 5000000").read(Opcode::text).size(), 5'000'000U) << "one that is larger than the queue";
}

TEST_P(WebSocketsTest, MessagesReachTheProvidersOfTheNewestRelease) {
  prefix_.add_zoo("bank-1.0", "bank");
  start();
  auto socket = open();
  EXPECT_EQ(socket.send("!best").read(Opcode::text), "42");
  prefix_.add_zoo("giro");
  host_->wait_for_state("giro", "active");
  EXPECT_EQ(socket.send("!best").read(Opcode::text), "105");
  close(socket, 1000);
  EXPECT_EQ(wait_for_notes(2).back(), "close 1000 at 105");
}

TEST_P(WebSocketsTest, AnUpgradeKeepsSocketsUntilItsTimeIsOver) {
  prefix_.configure({{"stop_timeout_ms", 1000}});
  start();
  auto former = open();
  EXPECT_EQ(former.send("!version").read(Opcode::text), "1.0");
  prefix_.drop(zoo_file("talks-1.1"));
  host_->wait_for_version("talks", "1.1.0");
  EXPECT_EQ(open().send("!version").read(Opcode::text), "1.1");
  EXPECT_EQ(former.read_close(), "1001");
  close(former, 1001);
  host_->wait_until_drained(1);
}

TEST_P(WebSocketsTest, AStopTakesLeaveOfPeers) {
  start();
  auto socket = open();
  EXPECT_EQ(socket.send("there?").read(Opcode::text), "there?");
  host_->signal(SIGTERM);
  EXPECT_EQ(socket.read_close(), "1001");
  close(socket, 1001);
  EXPECT_EQ(socket.connection().read_to_end(), "");
  EXPECT_EQ(host_->wait(), 0);
}

MORTISE_BOTH_PLACEMENTS(WebSocketsTest);

}  // namespace
}  // namespace mortise::integration
