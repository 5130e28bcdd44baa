// Bodies that the handler pulls piece by piece.
#include <gmock/gmock.h>

#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

using testing::bytes;
using testing::Event;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TestPlugin;

class StreamedBodyTest : public testing::EdgeTest {
 protected:
  StreamedBodyTest() : test_(plugin()) {}

  void route(TestPlugin::Handler handler, std::uint64_t body_limit = 100'000'000) {
    test_.on("POST", "/", std::move(handler), MORTISE_HTTP_ROUTE_STREAM_BODY, body_limit);
  }
  /// Pulls to the end, or to an error.
  mortise_status pull(mortise_http_exchange* exchange, std::string& body) {
    for (;;) {
      std::uint8_t piece[1000];
      std::uint64_t size = 0;
      const auto status = test_.http().read_body(exchange, piece, sizeof piece, &size);
      if (status != MORTISE_OK || size == 0) return status;
      body.append(reinterpret_cast<const char*>(piece), size);
    }
  }
  static std::string head(const std::string& lines) { return "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; }

  TestPlugin& test_;
};

TEST_F(StreamedBodyTest, ArrivesAsItIsPulled) {
  start();
  route([&](auto* exchange, const mortise_http_request_v1& request) {
    EXPECT_EQ(request.body.size, 0U);
    std::string body;
    EXPECT_EQ(pull(exchange, body), MORTISE_OK);
    return test_.respond(exchange, body);
  });
  publish(test_);
  std::string body;
  while (body.size() < 3'000'000) body += std::to_string(body.size()) + ",";
  auto client = connect();
  client.send(head("Content-Length: " + std::to_string(body.size()) + "\r\n") + body);
  const auto answer = client.read();
  EXPECT_EQ(answer.body, body);
  EXPECT_EQ(answer.header("Connection"), "");
  for (const char c : head("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n") {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read().body, "hello world") << "on the same connection";
  EXPECT_EQ(client.send(head("Content-Length: 0\r\n")).read().body, "");
}

TEST_F(StreamedBodyTest, TrailersDoNotBecomeHeaders) {
  start();
  route([&](auto* exchange, const mortise_http_request_v1& request) {
    std::string body;
    EXPECT_EQ(pull(exchange, body), MORTISE_OK);
    std::string names;
    for (std::uint64_t i = 0; i < request.header_count; ++i) {
      names += testing::view(request.headers[i].name);
      names += ",";
    }
    return test_.respond(exchange, names);
  });
  publish(test_);
  std::string trailers;
  for (int i = 0; i < 50; ++i) trailers += "X-Trailer-" + std::to_string(i) + ": Authorization\r\n";
  const auto answer = ask(head("Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n0\r\n" + trailers + "\r\n");
  EXPECT_EQ(answer.body, "Host,Transfer-Encoding,");
}

TEST_F(StreamedBodyTest, IsAskedForWhenItIsPulled) {
  start();
  Event may_pull;
  route([&](auto* exchange, const auto&) {
    EXPECT_TRUE(may_pull.wait());
    std::string body;
    EXPECT_EQ(pull(exchange, body), MORTISE_OK);
    return test_.respond(exchange, body);
  });
  publish(test_);
  auto client = connect();
  client.send(head("Content-Length: 5\r\nExpect: 100-continue\r\n"));
  may_pull.set();
  EXPECT_EQ(client.read().status, 100U);
  EXPECT_EQ(client.send("hello").read().body, "hello");
}

TEST_F(StreamedBodyTest, IsBounded) {
  start();
  route(
      [&](auto* exchange, const auto&) {
        std::string body;
        EXPECT_EQ(pull(exchange, body), MORTISE_OUT_OF_RANGE);
        return test_.respond(exchange, "too much", 413);
      },
      10);
  publish(test_);
  auto client = connect();
  const auto answer = client.send(head("Transfer-Encoding: chunked\r\n") + "8\r\n01234567\r\n8\r\n01234567\r\n").read();
  EXPECT_EQ(answer.body, "too much");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(ask(head("Content-Length: 11\r\n")).status, 413U) << "without the handler";
}

TEST_F(StreamedBodyTest, TellsThatItIsMalformed) {
  start();
  route([&](auto* exchange, const auto&) {
    std::string body;
    return pull(exchange, body);
  });
  publish(test_);
  EXPECT_EQ(ask(head("Transfer-Encoding: chunked\r\n") + "2\r\nhi\r\nzz\r\n").status, 400U);
}

TEST_F(StreamedBodyTest, TellsThatTheClientStalls) {
  ServerSettings settings;
  settings.body_timeout = 200ms;
  start(std::move(settings));
  route([&](auto* exchange, const auto&) {
    std::string body;
    EXPECT_EQ(pull(exchange, body), MORTISE_DEADLINE_EXCEEDED);
    return MORTISE_DEADLINE_EXCEEDED;
  });
  publish(test_);
  auto client = connect();
  EXPECT_EQ(client.send(head("Content-Length: 5\r\n") + "he").read().status, 504U);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(StreamedBodyTest, TellsThatTheClientIsGone) {
  start();
  Event is_cancelled;
  route([&](auto* exchange, const auto&) {
    std::string body;
    const auto pulled = pull(exchange, body);
    EXPECT_EQ(test_.respond(exchange, body), MORTISE_CANCELLED);
    if (pulled == MORTISE_CANCELLED && body == "he") is_cancelled.set();  // last: then the test may end
    return MORTISE_OK;
  });
  publish(test_);
  auto client = connect();
  client.send(head("Content-Length: 5\r\n") + "he");
  client.close();
  EXPECT_TRUE(is_cancelled.wait());
}

TEST_F(StreamedBodyTest, MayBePulledByAnotherThreadAfterTheHandler) {
  start();
  std::thread puller;
  Event has_puller;
  Event may_pull;
  route([&](auto* exchange, const auto&) {
    EXPECT_EQ(test_.http().defer(exchange), MORTISE_OK);
    puller = std::thread([&, exchange] {
      EXPECT_TRUE(may_pull.wait());
      std::string body;
      EXPECT_EQ(pull(exchange, body), MORTISE_OK);
      test_.respond(exchange, body);
    });
    has_puller.set();
    return MORTISE_OK;
  });
  publish(test_);
  auto client = connect();
  client.send(head("Content-Length: 12\r\n") + "first,");
  ASSERT_TRUE(has_puller.wait());
  // Time for the connection to do what it does once the handler is back: another request on each loop.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/livez").status, 200U);
  may_pull.set();
  client.send("second");
  EXPECT_EQ(client.read().body, "first,second");
  puller.join();
}

TEST_F(StreamedBodyTest, MayBeLeftUnread) {
  start();
  route([&](auto* exchange, const auto&) { return test_.respond(exchange, "not wanted", 403); });
  publish(test_);
  auto client = connect();
  const auto answer = client.send(head("Content-Length: 100000\r\n") + std::string(20000, 'x')).read();
  EXPECT_EQ(answer.body, "not wanted");
  EXPECT_EQ(answer.header("Connection"), "close") << "the next request cannot be found";
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(StreamedBodyTest, MayBeEchoedWhileItArrives) {
  start();
  route([&](auto* exchange, const auto&) {
    const auto answer = TestPlugin::head(200);
    EXPECT_EQ(test_.http().start(exchange, &answer), MORTISE_OK);
    std::uint8_t piece[4096];
    std::uint64_t size = 0;
    while (test_.http().read_body(exchange, piece, sizeof piece, &size) == MORTISE_OK && size > 0) {
      EXPECT_EQ(test_.http().write(exchange, {piece, size}, 30000), MORTISE_OK);
    }
    return test_.http().finish(exchange);
  });
  publish(test_);
  auto client = connect();
  client.send(head("Transfer-Encoding: chunked\r\n"));
  client.take_through("\r\n\r\n");
  for (const auto* word : {"one", "two", "six"}) {
    client.send(std::string("3\r\n") + word + "\r\n");
    EXPECT_EQ(client.take(8), std::string("3\r\n") + word + "\r\n");
  }
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.take(5), "0\r\n\r\n");
}

}  // namespace
}  // namespace mortise::http
