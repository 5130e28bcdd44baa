// Sockets and the lives of those around them: silent peers, upgrades, the host's stop.
#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::close_payload;
using testing::Event;
using testing::Frame;
using testing::Opcode;
using testing::WebSocketClient;
using testing::WebSocketTest;
using namespace std::chrono_literals;
using Entries = std::vector<std::string>;

/// A peer that closes when it is asked to, as it should.
void answer_close(WebSocketClient& client, const std::string& expected) {
  EXPECT_EQ(client.read_close(), expected);
  client.send(Frame{.opcode = Opcode::close, .payload = close_payload(1000)});
  EXPECT_EQ(client.connection().read_to_end(), "");
}

TEST_F(WebSocketTest, AsksASilentPeerForASignOfLifeAndLetsItGoWithoutOne) {
  ServerSettings settings;
  settings.idle_timeout = 4s;  // half of it is the client's, to answer a ping
  serve_echo(std::move(settings));
  auto client = open("/echo");
  EXPECT_EQ(client.read(Opcode::ping), "");
  client.send(Frame{.opcode = Opcode::pong});
  // It has shown that it lives: the next sign is asked for, and this time not given.
  EXPECT_EQ(client.read(Opcode::ping), "");
  EXPECT_EQ(client.connection().read_to_end(), "");
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1006"}));
}

TEST_F(WebSocketTest, CutsAPeerThatReadsNothing) {
  ServerSettings settings;
  settings.write_timeout = 500ms;
  std::optional<mortise::WebSocket> kept;
  Event is_open;
  serve(
      [&](Context& context) {
        context.http().websocket("/flood", {.on_open =
                                                [&](const auto& socket) {
                                                  kept = socket;
                                                  is_open.set();
                                                },
                                            .on_close = [&](const auto&, std::uint32_t code,
                                                            std::string_view) { record_.add(std::to_string(code)); }});
      },
      std::move(settings));
  WebSocketClient client(std::make_unique<testing::Client>(port(), 4096));
  client.open("/flood");
  ASSERT_TRUE(is_open.wait());
  // More than the system keeps between the two.
  while (kept->is_open()) kept->send(std::string(200'000, '.'));
  EXPECT_EQ(record_.wait(1), Entries{"1006"});
}

TEST_F(WebSocketTest, ClosesSocketsWhenTheHostStops) {
  serve_echo();
  auto one = open("/echo");
  auto other = open("/echo");
  server().drain();
  answer_close(one, "1001");
  answer_close(other, "1001");
  EXPECT_EQ(shut_down(45s), 0U);
  EXPECT_EQ(record_.wait(4), (Entries{"open", "open", "close 1001", "close 1001"}));
}

TEST_F(WebSocketTest, CutsSocketsWhoseHandlerComesBackOnlyAfterTheGracePeriod) {
  Event is_inside;
  Event may_go;
  serve([&](Context& context) {
    context.http().websocket("/slow", {.on_text =
                                           [&](const auto&, std::string_view) {
                                             is_inside.set();
                                             may_go.wait();
                                           },
                                       .on_close = [&](const auto&, std::uint32_t code,
                                                       std::string_view) { record_.add(std::to_string(code)); }});
  });
  auto client = open("/slow");
  client.send("x");
  ASSERT_TRUE(is_inside.wait());
  std::thread stopper([&] { EXPECT_EQ(server().stop(100ms), 1U); });
  EXPECT_EQ(client.read_close(), "1001");
  may_go.set();
  stopper.join();
  EXPECT_EQ(record_.wait(1), Entries{"1001"});
}

TEST_F(WebSocketTest, StaysWithItsGenerationUntilThatIsCut) {
  start();
  publish(sdk_plugin([this](Context& context) { echo(context, record_); }));
  auto old = open("/echo");
  record_.wait(1);
  auto next =
      init(sdk_plugin([](Context& context) {
        context.http().websocket("/echo", {.on_text = [](const auto& socket, auto) { socket.send("from the next"); }});
      })).value();
  publish_release({&next, 1});
  EXPECT_EQ(open("/echo").send("x").read(Opcode::text), "from the next");
  EXPECT_EQ(old.send("still here").read(Opcode::text), "still here");
}

TEST_F(WebSocketTest, ClosesTheSocketsOfAGenerationThatIsCutAndOfNoOther) {
  start();
  auto going = publish(sdk_plugin([this](Context& context) { echo(context, record_); }));
  auto staying =
      init(sdk_plugin([](Context& context) {
        context.http().websocket("/stay", {.on_text = [](const auto& socket, auto text) { socket.send(text); }});
      })).value();
  const std::vector<runtime::GenerationPtr> both{going, staying};
  publish_release(both);
  auto old = open("/echo");
  auto other = open("/stay");
  publish_release({&staying, 1});
  server().cut(*going);
  EXPECT_EQ(old.read_close(), "1001");
  // It does not answer, and is cut; on_close has been called once when the generation is gone.
  going.reset();
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1001"}));
  EXPECT_EQ(other.send("still here").read(Opcode::text), "still here");
}

TEST_F(WebSocketTest, HoldsItsOwnGenerationAloneAndOnlyWhileItIsOpen) {
  start();
  auto own = publish(sdk_plugin([this](Context& context) { echo(context, record_); }));
  auto neighbour = init(plugin("neighbour").says("/beside", "beside")).value();
  std::vector<runtime::GenerationPtr> both{own, neighbour};
  publish_release(both);
  both.clear();
  auto client = open("/echo");
  // Both leave; the socket keeps its own.
  publish_release({});
  const std::weak_ptr<runtime::Generation> neighbours = neighbour;
  const std::weak_ptr<runtime::Generation> owns = own;
  neighbour.reset();
  own.reset();
  EXPECT_TRUE(wait_for_generations_left(1));
  EXPECT_TRUE(neighbours.expired());
  EXPECT_EQ(client.send("x").read(Opcode::text), "x");
  client.connection().close();
  EXPECT_TRUE(wait_for_generations_left(0));
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1006"}));
}

TEST_F(WebSocketTest, LetsAPluginUseAHandleWhoseSocketIsGone) {
  std::optional<mortise::WebSocket> kept;
  serve([&](Context& context) {
    context.http().websocket("/keep", {.on_open = [&](const auto& socket) { kept = socket; },
                                       .on_close =
                                           [&](const auto& socket, std::uint32_t code, std::string_view) {
                                             record_.add(socket == *kept ? std::to_string(code) : "another");
                                           }});
  });
  open("/keep").connection().close();
  EXPECT_EQ(record_.wait(1), Entries{"1006"});
  EXPECT_FALSE(kept->is_open());
  EXPECT_FALSE(kept->send("x"));
  kept->close();
}

}  // namespace
}  // namespace mortise::http
