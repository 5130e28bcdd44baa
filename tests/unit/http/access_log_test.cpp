#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <fstream>

#include "base/temporary_directory.hpp"
#include "edge_fixture.hpp"
#include "telemetry/log.hpp"

namespace mortise::http {
namespace {

using ::testing::Ge;
using ::testing::StartsWith;

class AccessLogTest : public testing::EdgeTest {
 protected:
  // The log is the process's: configured once.
  static void SetUpTestSuite() {
    directory_ = std::make_unique<mortise::testing::TemporaryDirectory>();
    telemetry::LogSettings settings;
    settings.file = *directory_ / "log";
    ASSERT_TRUE(telemetry::configure(settings));
  }
  static void TearDownTestSuite() { directory_.reset(); }

  void start_logging(ServerSettings settings = {}) {
    settings.access_log = true;
    start(std::move(settings));
    auto& test = plugin("notes");
    test.says("/hello", "hello").on("GET", "/fails", [](auto*, const auto&) { return MORTISE_NOT_FOUND; });
    generation_ = publish(test)->number();
  }
  /// The line of the request with this id; the server writes it before it reads that connection's next request.
  static nlohmann::json line_of(const std::string& id) {
    std::ifstream file(*directory_ / "log");
    for (std::string text; std::getline(file, text);) {
      auto line = nlohmann::json::parse(text, nullptr, false);
      if (line.is_object() && line.contains("duration_us") && line["request_id"] == id) return line;
    }
    return nullptr;
  }
  /// Sends the request, waits for the connection's end, and returns the request's line.
  nlohmann::json log_of(const std::string& lines, const std::string& id) {
    auto client = connect();
    client.send(lines + "X-Request-Id: " + id + "\r\nConnection: close\r\n\r\n").read_to_end();
    return line_of(id);
  }

  static inline std::unique_ptr<mortise::testing::TemporaryDirectory> directory_;
  std::uint64_t generation_ = 0;
};

TEST_F(AccessLogTest, TellsOfEachRequest) {
  start_logging();
  const auto line = log_of("GET /hello?a=b HTTP/1.1\r\nHost: a\r\n", "served");
  ASSERT_TRUE(line.is_object());
  EXPECT_THAT(line["remote"].get<std::string>(), StartsWith("127.0.0.1:"));
  EXPECT_EQ(line["method"], "GET");
  EXPECT_EQ(line["target"], "/hello?a=b");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes"], 5);
  EXPECT_THAT(line["duration_us"].get<std::int64_t>(), Ge(0));
  EXPECT_EQ(line["plugin"], "notes");
  EXPECT_EQ(line["generation"], generation_);
}

TEST_F(AccessLogTest, TellsOfTheTraceThatTheClientNames) {
  start_logging();
  const std::string trace(32, 'a');
  const auto parent = "-" + trace + "-00000000000000ff-00\r\n";
  const auto line_with = [&](const std::string& headers, const std::string& id) {
    return log_of("GET /hello HTTP/1.1\r\nHost: a\r\n" + headers, id);
  };
  EXPECT_EQ(line_with("TraceParent: 00" + parent, "traced")["trace_id"], trace);
  EXPECT_FALSE(line_with("", "untraced").contains("trace_id"));
  EXPECT_FALSE(line_with("traceparent: ff" + parent, "invalid").contains("trace_id"));
  EXPECT_FALSE(line_with("traceparent: 00" + parent + "traceparent: 00" + parent, "twice").contains("trace_id"));
  EXPECT_FALSE(line_with("tracestate: a=b\r\n", "state-alone").contains("trace_id"));
}

TEST_F(AccessLogTest, TheNextRequestOfAConnectionIsOfNoTrace) {
  start_logging();
  const std::string trace(32, 'a');
  const auto first = "GET /hello HTTP/1.1\r\nHost: a\r\ntraceparent: 00-" + trace +
                     "-00000000000000ff-00\r\nX-Request-Id: first\r\n\r\n";
  log_of(first + "GET /hello HTTP/1.1\r\nHost: a\r\n", "second");
  EXPECT_EQ(line_of("first")["trace_id"], trace);
  ASSERT_TRUE(line_of("second").is_object());
  EXPECT_FALSE(line_of("second").contains("trace_id"));
}

TEST_F(AccessLogTest, TellsTheStatusOfWhatNoHandlerAnswered) {
  start_logging();
  EXPECT_EQ(log_of("GET /missing HTTP/1.1\r\nHost: a\r\n", "missing")["status"], 404);
  EXPECT_EQ(log_of("DELETE /hello HTTP/1.1\r\nHost: a\r\n", "method")["status"], 405);
  EXPECT_EQ(log_of("GET /livez HTTP/1.1\r\nHost: a\r\n", "livez")["status"], 200);
  EXPECT_EQ(log_of("GET /fails HTTP/1.1\r\nHost: a\r\n", "fails")["status"], 404);
  EXPECT_EQ(log_of("GET /../x HTTP/1.1\r\nHost: a\r\n", "dots")["status"], 400);
  EXPECT_EQ(log_of("GET /missing HTTP/1.1\r\nHost: a\r\n", "nobody")["plugin"], "");
}

TEST_F(AccessLogTest, TellsOfRefusedRequestsByTheIdInTheirAnswer) {
  start_logging();
  auto client = connect();
  const auto first = client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read();
  EXPECT_EQ(first.status, 200U);
  const auto answer = client.send("GET /hello HTTP/1.1\nHost: a\r\n\r\n").read();
  EXPECT_EQ(client.read_to_end(), "");
  const auto line = line_of(answer.header("X-Request-Id"));
  ASSERT_TRUE(line.is_object());
  EXPECT_EQ(line["status"], 400);
  EXPECT_EQ(line["bytes"], 0) << "nothing of the request before it";
  EXPECT_EQ(line["plugin"], "");
}

TEST_F(AccessLogTest, SurvivesTargetsThatAreNoText) {
  start_logging();
  const auto line = log_of("GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n", "bytes");
  EXPECT_TRUE(line.is_object());
}

}  // namespace
}  // namespace mortise::http
