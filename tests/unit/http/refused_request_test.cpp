// Requests that are refused by the server itself, and connections that take too long.
#include <gmock/gmock.h>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

using ::testing::HasSubstr;
using testing::view;

class RefusedRequestTest : public testing::EdgeTest {
 protected:
  void start_serving(ServerSettings settings = {}) {
    start(std::move(settings));
    auto& test = plugin();
    test.says("/", "hello").on("POST", "/", [&](auto* exchange, const mortise_http_request_v1& request) {
      return test.respond(exchange, view(request.body));
    });
    publish(test);
  }
};

TEST_F(RefusedRequestTest, GetsAProblemAndTheEndOfTheConnection) {
  start_serving();
  const std::vector<std::pair<std::string, unsigned>> requests{
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", 400},
      {std::string("GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 33), 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(20000, 'x'), 431},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 400}};
  for (const auto& [request, status] : requests) {
    auto client = connect();
    const auto answer = client.send(request).read();
    EXPECT_EQ(answer.status, status) << request.substr(0, 100);
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_NE(answer.header("X-Request-Id"), "");
    EXPECT_EQ(client.read_to_end(), "");
  }
}

TEST_F(RefusedRequestTest, ComesAfterTheAnswersToItsPredecessors) {
  start_serving();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read().status, 400U);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(RefusedRequestTest, HeadThatArrivesBytewiseIsServed) {
  start_serving();
  auto client = connect();
  for (const char c : std::string("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n")) client.send({&c, 1});
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(RefusedRequestTest, HeadThatOutgrowsTheFirstBufferIsServed) {
  start_serving();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n");
  for (int i = 0; i < 12; ++i) client.send("X-" + std::to_string(i) + ": " + std::string(1000, 'x') + "\r\n");
  client.send("Content-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(RefusedRequestTest, HeadThatDoesNotEndTimesOut) {
  ServerSettings settings;
  settings.header_timeout = 1s;
  start_serving(std::move(settings));
  auto client = connect();
  // Longer than the first buffer, so that what is known of the head has moved.
  const auto answer = client.send("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(6000, 'x')).read();
  EXPECT_EQ(answer.status, 408U);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(RefusedRequestTest, HeadThatTricklesTimesOut) {
  ServerSettings settings;
  settings.header_timeout = 500ms;
  start_serving(std::move(settings));
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nX: ");
  const auto is_over = [&] {
    pollfd ready{.fd = client.descriptor(), .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 50) == 1;
  };
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  while (!is_over() && std::chrono::steady_clock::now() < limit) client.send("x");
  EXPECT_EQ(client.read().status, 408U);
}

TEST_F(RefusedRequestTest, BodyThatDoesNotEndTimesOut) {
  ServerSettings settings;
  settings.body_timeout = 300ms;
  start_serving(std::move(settings));
  auto client = connect();
  const auto answer = client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe").read();
  EXPECT_EQ(answer.status, 408U);
  EXPECT_THAT(answer.body, HasSubstr("the request's body did not arrive in time"));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(RefusedRequestTest, IdleConnectionIsClosedWithoutAWord) {
  ServerSettings settings;
  settings.idle_timeout = 300ms;
  settings.threads = 1;
  settings.max_connections = 1;
  start_serving(std::move(settings));
  auto fresh = connect();
  // Not taken before the first one is gone, so that its request is there before it could be idle.
  auto used = connect();
  used.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(fresh.read_to_end(), "");
  fresh.close();
  EXPECT_EQ(used.read().body, "hello");
  EXPECT_EQ(used.read_to_end(), "");
}

TEST_F(RefusedRequestTest, ClientThatDoesNotReadItsAnswerIsCut) {
  ServerSettings settings;
  settings.write_timeout = 300ms;
  start(std::move(settings));
  const std::string large(32'000'000, 'x');
  publish(plugin().says("/", large));
  testing::Client client(port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.take_through("\r\n\r\n");
  EXPECT_EQ(shut_down(testing::kLong), 0U) << "it ended before the server's patience did";
  EXPECT_LT(client.read_to_end().size(), large.size());
}

TEST_F(RefusedRequestTest, MoreConnectionsThanAllowedWait) {
  ServerSettings settings;
  settings.threads = 1;
  settings.max_connections = 2;
  start_serving(std::move(settings));
  auto first = connect();
  auto second = connect();
  EXPECT_EQ(first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "hello");
  EXPECT_EQ(second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "hello");
  auto third = connect();
  third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  pollfd ready{.fd = third.descriptor(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(::poll(&ready, 1, 200), 0) << "it waits in the kernel's queue";
  first.close();
  EXPECT_EQ(third.read().body, "hello");
}

}  // namespace
}  // namespace mortise::http
