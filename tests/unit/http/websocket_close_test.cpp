// How sockets end when one side wants them to, or breaks the rules.
#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

using testing::close_payload;
using testing::Frame;
using testing::Opcode;
using ::testing::Values;
using testing::WebSocketTest;
using Entries = std::vector<std::string>;

TEST_F(WebSocketTest, TellsThePluginThePeersCodeAndReason) {
  serve_echo();
  auto client = open("/echo");
  client.send(Frame{.opcode = Opcode::close, .payload = close_payload(4001, "bye")});
  EXPECT_EQ(client.read_close(), "4001");
  EXPECT_EQ(client.connection().read_to_end(), "");
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 4001 bye"}));
}

TEST_F(WebSocketTest, TellsThePluginThatThePeerGaveNoCode) {
  serve_echo();
  auto client = open("/echo");
  client.send(Frame{.opcode = Opcode::close});
  EXPECT_EQ(client.read_close(), "1000");
  client.connection().close();
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1005"}));
}

TEST_F(WebSocketTest, TellsThePluginThatThePeerHasVanished) {
  serve_echo();
  open("/echo").connection().reset();
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1006"}));
  open("/echo").connection().close();
  EXPECT_EQ(record_.wait(4).back(), "close 1006");
}

TEST_F(WebSocketTest, ClosesBehindWhatThePluginSentBefore) {
  serve([this](Context& context) {
    context.http().websocket("/quit", {.on_text =
                                           [this](const auto& socket, std::string_view) {
                                             socket.send("last");
                                             socket.close(4000, "enough");
                                             record_.add(socket.send("too late") ? "sent" : "not sent");
                                           },
                                       .on_close =
                                           [this](const auto& socket, std::uint32_t code, std::string_view reason) {
                                             record_.add("close " + testing::to_text(code, reason));
                                             record_.add(socket.is_open() ? "open" : "not open");
                                           }});
  });
  auto client = open("/quit");
  // What is still on its way when the plugin closes is not delivered.
  client.send("quit").send("ignored");
  EXPECT_EQ(client.read(Opcode::text), "last");
  EXPECT_EQ(client.read_close(), "4000 enough");
  client.send(Frame{.opcode = Opcode::close, .payload = close_payload(4000)});
  EXPECT_EQ(client.connection().read_to_end(), "");
  EXPECT_EQ(record_.wait(3), (Entries{"not sent", "close 4000 enough", "not open"}));
}

TEST_F(WebSocketTest, CutsAPeerThatDoesNotAnswerTheCloseFrame) {
  serve([this](Context& context) {
    context.http().websocket("/end", {.on_open = [](const auto& socket) { socket.close(1000); },
                                      .on_close = [this](const auto&, std::uint32_t code,
                                                         std::string_view) { record_.add(std::to_string(code)); }});
  });
  auto client = open("/end");
  EXPECT_EQ(client.read_close(), "1000");
  EXPECT_EQ(record_.wait(1), Entries{"1000"});
}

TEST_F(WebSocketTest, TellsThePeerThatAKindOfMessageIsNotTaken) {
  serve([](Context& context) { context.http().websocket("/text", {.on_text = [](const auto&, std::string_view) {}}); });
  EXPECT_EQ(open("/text").send(Frame{.opcode = Opcode::binary, .payload = "x"}).read_close(),
            "1003 only text is taken here");
}

TEST_F(WebSocketTest, TellsThePeerThatThePluginFailed) {
  serve([this](Context& context) {
    context.http().websocket("/fail", {.on_text = [](const auto&, std::string_view) { throw std::logic_error("bug"); },
                                       .on_close =
                                           [this](const auto&, std::uint32_t code, std::string_view) {
                                             record_.add(std::to_string(code));
                                             throw std::logic_error("another bug");
                                           }});
  });
  auto client = open("/fail");
  EXPECT_EQ(client.send("x").read_close(), "1011 the plugin that serves this failed");
  client.connection().close();
  EXPECT_EQ(record_.wait(1), Entries{"1011"});
}

TEST_F(WebSocketTest, RefusesAMessageThatIsTooLongInAllItsFragments) {
  ServerSettings settings;
  settings.max_body_bytes = 1000;
  serve_echo(std::move(settings));
  auto client = open("/echo");
  EXPECT_EQ(client.send(std::string(1000, 'x')).read(Opcode::text).size(), 1000U);
  client.send(Frame{.payload = std::string(600, 'x'), .is_final = false});
  client.send(Frame{.opcode = Opcode::more, .payload = std::string(401, 'x')});
  EXPECT_EQ(client.read_close(), "1009");
  client.connection().close();
  EXPECT_EQ(record_.wait(2), (Entries{"open", "close 1009"}));
}

struct Violation {
  const char* name;
  Frame frame;
  const char* code;
};

class WebSocketViolationTest : public WebSocketTest, public ::testing::WithParamInterface<Violation> {};

TEST_P(WebSocketViolationTest, IsToldToThePeerAndToThePlugin) {
  serve_echo();
  auto client = open("/echo");
  client.send(GetParam().frame);
  EXPECT_EQ(client.read_close(), GetParam().code);
  client.connection().close();
  EXPECT_EQ(record_.wait(2), (Entries{"open", std::string("close ") + GetParam().code}));
}

INSTANTIATE_TEST_SUITE_P(
    All, WebSocketViolationTest,
    Values(Violation{"UnmaskedFrame", {.payload = "x", .is_masked = false}, "1002"},
           Violation{"UnknownOpcode", {.opcode = static_cast<Opcode>(3)}, "1002"},
           Violation{"ReservedBit", {.opcode = static_cast<Opcode>(0x41)}, "1002"},
           Violation{"ContinuationOfNothing", {.opcode = Opcode::more, .payload = "x"}, "1002"},
           Violation{"FragmentedPing", {.opcode = Opcode::ping, .is_final = false}, "1002"},
           Violation{"LongPing", {.opcode = Opcode::ping, .payload = std::string(126, 'x')}, "1002"},
           Violation{"CloseOfOneByte", {.opcode = Opcode::close, .payload = "x"}, "1002"},
           Violation{
               "CloseWithACodeThatIsNeverSent", {.opcode = Opcode::close, .payload = close_payload(1006)}, "1002"},
           Violation{"TextThatIsNoUtf8", {.payload = "\xc3\x28"}, "1007"},
           Violation{"TextThatEndsInTheMiddleOfACharacter", {.payload = "\xe2\x82"}, "1007"}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace mortise::http
