// What the log tells of sockets.
#include <fstream>

#include "telemetry/log.hpp"
#include "websocket_fixture.hpp"

namespace mortise::http {
namespace {

class WebSocketLogTest : public testing::WebSocketTest {
 protected:
  // The log is the process's: configured once.
  static void SetUpTestSuite() {
    directory_ = std::make_unique<mortise::testing::TemporaryDirectory>();
    telemetry::LogSettings settings;
    settings.file = *directory_ / "log";
    ASSERT_TRUE(telemetry::configure(settings));
  }
  static void TearDownTestSuite() {
    telemetry::configure({});
    directory_.reset();
  }

  /// The line with `key`, of the request with this id.
  static nlohmann::json line_with(const std::string& key, const std::string& id) {
    std::ifstream file(*directory_ / "log");
    for (std::string text; std::getline(file, text);) {
      auto line = nlohmann::json::parse(text, nullptr, false);
      if (line.is_object() && line.contains(key) && line.value("request_id", "") == id) return line;
    }
    return nlohmann::json::object();
  }

  static inline std::unique_ptr<mortise::testing::TemporaryDirectory> directory_;
};

TEST_F(WebSocketLogTest, HasALineForTheHandshake) {
  ServerSettings settings;
  settings.access_log = true;
  serve_echo(std::move(settings));
  const auto client = open("/echo", "X-Request-Id: socket\r\n");
  const auto line = line_with("duration_us", "socket");
  EXPECT_EQ(line["status"], 101);
  EXPECT_EQ(line["target"], "/echo");
  EXPECT_EQ(line["plugin"], "test");
}

TEST_F(WebSocketLogTest, SaysWhyAHandlerFailed) {
  serve([](Context& context) {
    context.http().websocket("/fail",
                             {.on_text = [](const auto&, std::string_view) { throw std::logic_error("a bug"); }});
  });
  EXPECT_EQ(open("/fail", "X-Request-Id: failing\r\n").send("x").read_close(),
            "1011 the plugin that serves this failed");
  const auto line = line_with("reason", "failing");
  EXPECT_EQ(line["reason"], "a bug");
  EXPECT_EQ(line["route"], "GET /fail");
  EXPECT_EQ(line["plugin"], "test");
  EXPECT_EQ(line["generation"], "1");
}

}  // namespace
}  // namespace mortise::http
