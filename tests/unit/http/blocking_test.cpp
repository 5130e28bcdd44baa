// Handlers that hold their thread: others are answered all the same.
#include <poll.h>
#include <sched.h>

#include <array>
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_state.hpp"
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
  mortise_status wait_inside(mortise_http_exchange* exchange) { return wait_inside(exchange, test_); }
  mortise_status wait_inside(mortise_http_exchange* exchange, const TestPlugin& plugin) {
    if (++inside_ == expected_) are_inside_.set();
    EXPECT_TRUE(may_return_.wait());
    return plugin.respond(exchange, "waited");
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
  std::vector<runtime::GenerationPtr> generations;
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    auto& one = plugin(name);
    one.on("GET", "/" + name, [this, &one](auto* exchange, const auto&) { return wait_inside(exchange, one); });
    generations.push_back(init(one).value());
  }
  publish_release(generations);
  generations.clear();
  // One loop and three spare threads, each held by another plugin: the fifth waits for one of them.
  expected_ = 4;
  for (const std::string name : {"a", "b", "c", "d", "e"}) {
    clients_.emplace_back(port()).send("GET /" + name + " HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  EXPECT_TRUE(are_inside_.wait());
  may_return_.set();
  for (auto& client : clients_) EXPECT_EQ(client.read().body, "waited");
  EXPECT_EQ(inside_, 5);
}

TEST_F(BlockingTest, ARouteThatHoldsALoopIsKeptOffTheLoops) {
  ServerSettings settings;
  settings.threads = 1;
  settings.blocking_threads = 4;
  start(std::move(settings));
  auto& other = plugin("other");
  other.says("/other", "hello");
  std::atomic<int> on_loops{0};
  test_.on("GET", "/sticks", [&](auto* exchange, const auto&) {
    if (Seat::current() != nullptr) ++on_loops;
    return wait_inside(exchange);
  });
  const std::array generations{init(test_).value(), init(other).value()};
  publish_release(generations);
  // The first holds the loop; half of the pool's threads are for the others of the plugin.
  auto& clients = send_many("/sticks", 20, 3);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(get("/other").body, "hello");
    EXPECT_EQ(get("/").body, "hello") << "nor do the plugin's other routes have to wait";
  }
  EXPECT_EQ(on_loops, 1);
  EXPECT_EQ(inside_, 3);
  may_return_.set();
  for (auto& client : clients) EXPECT_EQ(client.read().body, "waited");
}

TEST_F(BlockingTest, APluginWithManyRoutesThatHoldHasNoMoreThanItsShare) {
  ServerSettings settings;
  settings.threads = 1;
  settings.blocking_threads = 4;
  start(std::move(settings));
  auto& other = plugin("other");
  other.says("/other", "hello");
  std::atomic<int> on_loops{0};
  const std::array<std::string, 8> paths{"/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8"};
  for (const auto& path : paths) {
    test_.on("GET", path, [&](auto* exchange, const auto&) {
      if (Seat::current() != nullptr) ++on_loops;
      return wait_inside(exchange);
    });
  }
  const std::array generations{init(test_).value(), init(other).value()};
  publish_release(generations);
  expected_ = 4;  // two on the loop and a spare thread, two on the pool: half of what there is of each
  for (const auto& path : paths) clients_.emplace_back(port()).send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(are_inside_.wait());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/other").body, "hello");
  EXPECT_EQ(on_loops, 2);
  EXPECT_EQ(inside_, 4);
  may_return_.set();
  for (auto& client : clients_) EXPECT_EQ(client.read().body, "waited");
}

TEST_F(BlockingTest, ARouteThatBlocksOftenMovesToThePool) {
  ServerSettings settings;
  settings.threads = 1;
  start(std::move(settings));
  std::atomic<int> held_loop{0};
  std::atomic<bool> is_quick{false};
  const auto where = [] { return Seat::current() == nullptr ? "pool" : "loop"; };  // only the loop's threads have one
  // Blocks until a spare thread has answered another plugin's request.
  test_.on("GET", "/blocks", [&](auto* exchange, const auto&) {
    if (!is_quick) {
      if (Seat::current() != nullptr) ++held_loop;
      EXPECT_EQ(get("/other").status, 200U);
    }
    return test_.respond(exchange, where());
  });
  auto& other = plugin("other");
  other.says("/other", "hello");
  const std::array generations{init(test_).value(), init(other).value()};
  publish_release(generations);
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  EXPECT_EQ(get("/blocks").body, "loop") << "nobody knows yet";
  // It is kept off the loop, too, until the watch has seen that it does not hold that any more: a hundred calls later.
  bool has_moved = false;
  while (!has_moved && std::chrono::steady_clock::now() < limit) {
    is_quick = false;
    EXPECT_EQ(get("/blocks").status, 200U);
    is_quick = true;
    int on_pool = 0;
    while (on_pool < 100 && get("/blocks").body == "pool") ++on_pool;
    has_moved = on_pool == 100 && held_loop >= 8;
  }
  EXPECT_TRUE(has_moved) << "for good, though it does not block any more";
}

/// Lets this thread, and those that it starts from here on, share one core.
class OneCore {
 public:
  OneCore() {
    ::sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
  }
  ~OneCore() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

TEST_F(BlockingTest, ARouteThatOnlyWaitsForACoreStaysOnTheLoop) {
  const OneCore core;
  ServerSettings settings;
  settings.threads = 1;
  start(std::move(settings));
  // Most of its time the loop is in here, so that who takes the core from it does it here.
  test_.on("GET", "/computes", [&](auto* exchange, const auto&) {
    const auto self = base::ThreadId::of_this_thread();
    const auto until = self.cpu_time() + 100us;
    while (self.cpu_time() < until) {
    }
    return test_.respond(exchange, Seat::current() == nullptr ? "pool" : "loop");
  });
  publish(test_);
  std::atomic<bool> is_done{false};
  std::vector<std::thread> greedy;
  for (int i = 0; i < 3; ++i) {
    greedy.emplace_back([&] {
      while (!is_done) {
      }
    });
  }
  // A look may be mistaken, and then the next request, which comes before another look, is kept off the loop.
  int on_pool = 0;
  for (int i = 0; i < 1000; ++i) on_pool += get("/computes").body == "pool" ? 1 : 0;
  EXPECT_LT(on_pool, 20) << "those that move to the pool stay there";
  is_done = true;
  for (auto& thread : greedy) thread.join();
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
  EXPECT_EQ(answer.header("Mortise-Not-Begun"), "1");
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
