// Clients that leave at every stage of every kind of exchange: the server serves on and leaves nothing behind.
#include <atomic>
#include <random>
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

using testing::TestPlugin;

class ClientAbortTest : public testing::EdgeTest {
 protected:
  ClientAbortTest() : test_(plugin()) {
    test_.says("/", "hello");
    test_.says("/large", std::string(2'000'000, 'x'));
    test_.on("POST", "/body", [this](auto* exchange, const mortise_http_request_v1& request) {
      return test_.respond(exchange, testing::view(request.body));
    });
    test_.on(
        "POST", "/stream", [this](auto* exchange, const auto&) { return echo(exchange); },
        MORTISE_HTTP_ROUTE_STREAM_BODY);
    test_.on("GET", "/deferred", [this](auto* exchange, const auto&) {
      test_.http().defer(exchange);
      const std::lock_guard lock(mutex_);
      answering_.emplace_back([this, exchange] { test_.respond(exchange, "late"); });
      return MORTISE_OK;
    });
    test_.on(
        "GET", "/events", [this](auto* exchange, const auto&) { return stream_events(exchange); },
        MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on("GET", "/waits", [this](auto* exchange, const auto&) {
      test_.http().defer(exchange);
      auto* wait = new Wait{this, exchange};
      const auto on_close = [](void* self) {
        const std::unique_ptr<Wait> ended(static_cast<Wait*>(self));
        ended->test->test_.http().abort(ended->exchange);
      };
      // The client may be gone already.
      if (test_.http().on_close(exchange, on_close, wait) != MORTISE_OK) on_close(wait);
      return MORTISE_OK;
    });
  }
  struct Wait {
    ClientAbortTest* test;
    mortise_http_exchange* exchange;
  };

  mortise_status echo(mortise_http_exchange* exchange) {
    const auto head = TestPlugin::head(200);
    test_.http().start(exchange, &head);
    std::uint8_t piece[4096];
    std::uint64_t size = 0;
    while (test_.http().read_body(exchange, piece, sizeof piece, &size) == MORTISE_OK && size > 0) {
      if (test_.http().write(exchange, {piece, size}, 30000) != MORTISE_OK) break;
    }
    test_.http().finish(exchange);
    return MORTISE_OK;
  }
  mortise_status stream_events(mortise_http_exchange* exchange) {
    const auto head = TestPlugin::head(200);
    test_.http().start(exchange, &head);
    const std::string event(10000, 'e');
    for (int i = 0; i < 200; ++i) {
      if (test_.http().write(exchange, testing::bytes(event), 30000) != MORTISE_OK) break;
    }
    test_.http().finish(exchange);
    return MORTISE_OK;
  }

  TestPlugin& test_;
  std::mutex mutex_;
  std::vector<std::thread> answering_;  // guarded by mutex_
};

TEST_F(ClientAbortTest, AtAnyStageDoesNoHarm) {
  ServerSettings settings;
  settings.body_timeout = 2s;
  settings.write_timeout = 2s;
  start(std::move(settings));
  publish(test_);
  const std::string body(20000, 'b');
  const std::vector<std::string> requests{
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
      "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + body,
      "POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + body,
      "POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4e20\r\n" + body + "\r\n0\r\n\r\n",
      "GET /deferred HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /events HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"};
  std::vector<std::thread> clients;
  for (unsigned seed = 0; seed < 4; ++seed) {
    clients.emplace_back([&, seed] {
      std::mt19937 random(seed);
      const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit)(random);
      };
      for (int i = 0; i < 250; ++i) {
        auto sent = requests[below(requests.size() - 1)] + requests[below(requests.size() - 1)];
        sent.resize(below(sent.size()));
        testing::Client client(port());
        client.send(sent);
        if (below(1) == 0) {
          // What has come by now, without waiting for more.
          char buffer[5000];
          static_cast<void>(::recv(client.descriptor(), buffer, below(sizeof buffer - 1) + 1, MSG_DONTWAIT));
        }
        const auto way = below(2);
        if (way == 0) client.reset();
        if (way == 1) client.end_output();
        client.close();
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(get("/").body, "hello");
  EXPECT_EQ(shut_down(testing::kLong), 0U) << "no exchange was left open";
  for (auto& thread : answering_) thread.join();
}

}  // namespace
}  // namespace mortise::http
