// Handlers that hold their thread: others are answered all the same.
#include <poll.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <thread>
#include <vector>

#include "edge_fixture.hpp"
#include "http/seat.hpp"

namespace mortise::http {
namespace {

using testing::Event;
using testing::TestPlugin;

class BlockingTest : public testing::EdgeTest {
 protected:
  BlockingTest() : test_(plugin()) {
    test_.says("/", "hello");
    test_.on("GET", "/waits", [this](auto* exchange, const auto&) { return wait_inside(exchange); });
    test_.on(
        "GET", "/pool", [this](auto* exchange, const auto&) { return wait_inside(exchange); },
        MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on(
        "POST", "/stream", [this](auto* exchange, const auto&) { return test_.respond(exchange, "streamed"); },
        MORTISE_HTTP_ROUTE_STREAM_BODY);
  }
  mortise_status wait_inside(mortise_http_exchange* exchange) {
    if (++inside_ == expected_) are_inside_.set();
    EXPECT_TRUE(may_return_.wait());
    return test_.respond(exchange, "waited");
  }
  /// So many clients whose requests are all inside the handler.
  std::deque<testing::Client>& send_many(const std::string& path, int count, int expected) {
    expected_ = expected;
    for (int i = 0; i < count; ++i) {
      clients_.emplace_back(port()).send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    EXPECT_TRUE(are_inside_.wait());
    return clients_;
  }

  /// Waits until something has come for one of the clients.
  bool is_one_answered() {
    std::vector<pollfd> waiting;
    for (const auto& client : clients_) waiting.push_back({.fd = client.descriptor(), .events = POLLIN, .revents = 0});
    const std::chrono::milliseconds patience = testing::kLong;
    return ::poll(waiting.data(), waiting.size(), static_cast<int>(patience.count())) > 0;
  }

  TestPlugin& test_;
  std::deque<testing::Client> clients_;
  std::atomic<int> inside_{0};
  std::atomic<int> expected_{-1};
  Event are_inside_;
  Event may_return_;
};

TEST_F(BlockingTest, HandlersThatHoldAllLoopsDoNotStopOthers) {
  start();
  publish(test_);
  auto& clients = send_many("/waits", 8, 8);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/").body, "hello");
  may_return_.set();
  for (auto& client : clients) EXPECT_EQ(client.read().body, "waited");
}

TEST_F(BlockingTest, SpareThreadsAreBounded) {
  ServerSettings settings;
  settings.threads = 1;
  settings.blocking_threads = 3;
  start(std::move(settings));
  publish(test_);
  // One loop and three spare threads: the fifth waits for one of them.
  auto& clients = send_many("/waits", 5, 4);
  may_return_.set();
  for (auto& client : clients) EXPECT_EQ(client.read().body, "waited");
  EXPECT_EQ(inside_, 5);
}

TEST_F(BlockingTest, ARouteThatBlocksOftenMovesToThePool) {
  ServerSettings settings;
  settings.threads = 1;
  start(std::move(settings));
  std::atomic<int> pool_calls{0};
  // Blocks until a spare thread has answered another request: that is when it has been seen.
  test_.on("GET", "/blocks", [&](auto* exchange, const auto&) {
    if (Seat::current() == nullptr) ++pool_calls;  // only the loop's threads have one
    EXPECT_EQ(get("/").status, 200U);
    return test_.respond(exchange, "");
  });
  publish(test_);
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  std::size_t calls = 0;
  while (pool_calls == 0 && std::chrono::steady_clock::now() < limit) {
    EXPECT_EQ(get("/blocks").status, 200U);
    ++calls;
  }
  EXPECT_GT(pool_calls, 0);
  EXPECT_GT(calls, 8U) << "not at the first sight";
}

TEST_F(BlockingTest, TheFullPoolRefusesAndLetsGo) {
  ServerSettings settings;
  settings.threads = 1;
  settings.blocking_threads = 1;
  start(std::move(settings));
  publish(test_);
  constexpr int kQueued = 1024;
  send_many("/pool", 1, 1);
  // One more than the queue takes; which of them finds it full is the kernel's to say.
  auto& clients = send_many("/pool", kQueued + 1, 1);
  EXPECT_TRUE(is_one_answered()) << "the queue is full";
  auto stream = connect();
  const auto answer = stream.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").read();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(stream.read_to_end(), "");
  EXPECT_EQ(get("/").body, "hello") << "others are served";
  may_return_.set();
  std::map<unsigned, int> statuses;
  for (auto& client : clients) ++statuses[client.read().status];
  EXPECT_EQ(statuses, (std::map<unsigned, int>{{200, 1 + kQueued}, {503, 1}}));
  clients_.clear();
  EXPECT_EQ(shut_down(testing::kLong), 0U) << "no connection was left behind";
}

}  // namespace
}  // namespace mortise::http
