// Requests whose time is up: the client is answered in time, and whatever the handler does later is dropped.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>

#include "edge_fixture.hpp"
#include "http/exchange.hpp"
#include "http/route_registry.hpp"
#include "runtime/scope.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;
using testing::Event;
using testing::TestPlugin;

class DeadlineTest : public testing::EdgeTest {
 protected:
  DeadlineTest() : test_(plugin()) {
    test_.says("/", "hello");
    const auto wait = [this](auto* exchange, const auto&) { return wait_inside(exchange); };
    test_.on("GET", "/waits", wait);
    test_.on("GET", "/pool", wait, MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on("POST", "/stream", wait, MORTISE_HTTP_ROUTE_STREAM_BODY);
    test_.on("GET", "/answered", [this](auto* exchange, const auto&) {
      EXPECT_EQ(test_.respond(exchange, "in time"), MORTISE_OK);
      EXPECT_TRUE(may_return_.wait());
      return MORTISE_OK;
    });
    test_.on("GET", "/held", [this](auto* exchange, const auto&) {
      EXPECT_EQ(test_.http().defer(exchange), MORTISE_OK);
      EXPECT_EQ(test_.http().on_close(exchange, &DeadlineTest::closed, this), MORTISE_OK);
      exchange_ = exchange;
      is_held_.set();
      return MORTISE_OK;
    });
  }
  static void closed(void* self) { static_cast<DeadlineTest*>(self)->is_told_.set(); }

  mortise_status wait_inside(mortise_http_exchange* exchange) {
    ++inside_;
    EXPECT_TRUE(may_return_.wait());
    late_status_ = test_.respond(exchange, "late");
    has_returned_.set();
    return MORTISE_OK;
  }

  /// Everything of the plugin's is to be answered in so short a time.
  void start_with(std::chrono::milliseconds deadline, ServerSettings settings = {}) {
    start(std::move(settings));
    generation_ = publish(test_);
    generation_->containment().set({.deadline = deadline, .circuit = {.max_error_percent = 100}});
  }
  /// With routes that heed the header X-Left: /heeds/wait, /heeds/gives_up, whose time is always up, and /heeds/left,
  /// which answers with the time that is left.
  void start_heeding(std::chrono::milliseconds deadline) {
    test_.in_init([this](const mortise_host_v1& host, mortise_error*) {
      const auto& generation = runtime::Generation::from(host.host);
      const auto add = [&](std::string_view pattern, decltype(mortise_http_route_v1::handle) handle) {
        const mortise_http_route_v1 route{.struct_size = sizeof route,
                                          .flags = MORTISE_HTTP_ROUTE_BLOCKING,
                                          .method = testing::str("GET"),
                                          .pattern = testing::str(pattern),
                                          .body_limit_bytes = 0,
                                          .self = this,
                                          .handle = handle,
                                          .deadline_ms = 0,
                                          .reserved = 0};
        EXPECT_TRUE(RouteRegistry::of(generation)->add(generation, route, "x-left"));
      };
      add("/heeds/wait", [](void* self, auto* exchange, const auto*, auto*) {
        return static_cast<DeadlineTest*>(self)->wait_inside(exchange);
      });
      add("/heeds/gives_up",
          [](void*, auto*, const auto*, auto*) { return mortise_status{MORTISE_DEADLINE_EXCEEDED}; });
      add("/heeds/left", [](void* self, auto* exchange, const auto*, auto*) {
        const auto& test = static_cast<DeadlineTest*>(self)->test_;
        return test.respond(exchange, std::to_string(test.http().time_left_ms(exchange)));
      });
      return MORTISE_OK;
    });
    start_with(deadline);
  }
  testing::Answer send_heeded(const std::string& path, const std::string& header) {
    return connect().send("GET /heeds/" + path + " HTTP/1.1\r\nHost: a\r\n" + header + "\r\n").read();
  }
  [[nodiscard]] runtime::ContainmentReport report() const {
    return generation_->containment().report(std::chrono::steady_clock::now());
  }
  /// False when a handler that is late stays inside.
  bool nobody_gets_stuck() {
    const auto limit = std::chrono::steady_clock::now() + testing::kLong;
    while (report().stuck > 0 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    return report().stuck == 0;
  }
  void expect_timeout(const testing::Answer& answer) {
    EXPECT_EQ(answer.status, 504U);
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    EXPECT_EQ(answer.header("Connection"), "close");
    EXPECT_NE(answer.body.find("did not answer within its deadline"), std::string::npos) << answer.body;
  }
  void TearDown() override {
    may_return_.set();
    generation_.reset();
    EdgeTest::TearDown();
  }

  static constexpr std::string_view kGet = " HTTP/1.1\r\nHost: a\r\n\r\n";
  TestPlugin& test_;
  runtime::GenerationPtr generation_;
  std::atomic<int> inside_{0};
  std::atomic<mortise_status> late_status_{MORTISE_UNKNOWN};
  mortise_http_exchange* exchange_ = nullptr;
  Event is_held_;
  Event is_told_;
  Event may_return_;
  Event has_returned_;
};

TEST_F(DeadlineTest, AHandlerOnALoopIsAnsweredForAndItsLateAnswerDropped) {
  start_with(100ms);
  auto client = connect();
  const auto begun = std::chrono::steady_clock::now();
  expect_timeout(client.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n").read());
  EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms) << "never early";
  EXPECT_EQ(client.read_to_end(), "") << "the connection ends although the handler is still inside";
  EXPECT_EQ(report().timeouts, 1U);
  EXPECT_EQ(report().stuck, 1U);
  EXPECT_EQ(get("/").body, "hello") << "others are served";
  may_return_.set();
  ASSERT_TRUE(has_returned_.wait());
  EXPECT_EQ(late_status_, MORTISE_CANCELLED);
  EXPECT_TRUE(nobody_gets_stuck());
}

TEST_F(DeadlineTest, TheSoonerOfThePluginsAndTheRoutesDeadlineCounts) {
  const auto wait = [this](auto* exchange, const auto&) { return wait_inside(exchange); };
  const auto tell = [this](auto* exchange, const auto&) {
    return test_.respond(exchange, std::to_string(test_.http().time_left_ms(exchange)));
  };
  test_.on("GET", "/sooner", wait, 0, 0, 100ms);
  test_.on("GET", "/sooner/left", tell, 0, 0, 10min);
  test_.on("GET", "/later", wait, 0, 0, 10h);
  test_.on("GET", "/later/left", tell, 0, 0, 10h);
  test_.on("GET", "/none/left", tell);
  start_with(1h);
  expect_timeout(get("/sooner"));
  const auto left = [this](const std::string& path) { return std::stoull(get(path).body); };
  EXPECT_LE(left("/sooner/left"), 600'010U);
  EXPECT_LE(left("/later/left"), 3'600'010U);
  EXPECT_GT(left("/later/left"), 1'800'000U);
  generation_->containment().set({.deadline = 0ms});
  EXPECT_LE(left("/later/left"), 36'000'010U);
  EXPECT_GT(left("/later/left"), 18'000'000U);
  EXPECT_EQ(left("/none/left"), UINT64_MAX);
  generation_->containment().set({.deadline = 100ms, .circuit = {.max_error_percent = 100}});
  expect_timeout(get("/later"));
}

TEST_F(DeadlineTest, ALateHandlerAndOneThatStreamsKnow) {
  Event is_late;
  std::uint64_t streaming_left = 0;
  test_.on("GET", "/gives-up", [&](auto* exchange, const auto&) {
    EXPECT_EQ(runtime::Scope::current()->deadline(), Exchange::from(exchange).deadline());
    while (test_.http().time_left_ms(exchange) > 0) std::this_thread::yield();
    is_late.set();
    return test_.respond(exchange, "late");
  });
  test_.on("GET", "/streams", [&](auto* exchange, const auto&) {
    const auto head = TestPlugin::head(200, "");
    EXPECT_EQ(test_.http().start(exchange, &head), MORTISE_OK);
    streaming_left = test_.http().time_left_ms(exchange);
    EXPECT_EQ(runtime::Scope::current()->deadline(), Exchange::Time::max()) << "nor does what it calls give up";
    return test_.http().finish(exchange);
  });
  start_with(100ms);
  static_cast<void>(get("/gives-up"));  // a 504, or its answer where that was quick enough
  EXPECT_TRUE(is_late.wait());
  EXPECT_EQ(get("/streams").status, 200U);
  EXPECT_EQ(streaming_left, UINT64_MAX);
}

TEST_F(DeadlineTest, EarlierPipelinedAnswersComeBeforeTheTimeout) {
  start_with(100ms);
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello");
  expect_timeout(client.read());
}

TEST_F(DeadlineTest, AHandlerOnThePoolIsAnsweredFor) {
  start_with(100ms);
  expect_timeout(get("/pool"));
  may_return_.set();
  ASSERT_TRUE(has_returned_.wait());
  EXPECT_EQ(late_status_, MORTISE_CANCELLED);
}

TEST_F(DeadlineTest, AHandlerThatPullsItsBodyIsAnsweredFor) {
  start_with(100ms);
  expect_timeout(ask("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"));
  may_return_.set();
  ASSERT_TRUE(has_returned_.wait());
  EXPECT_EQ(late_status_, MORTISE_CANCELLED);
}

TEST_F(DeadlineTest, AnAnswerThatIsThereGoesOutWhenItsHandlerRunsOn) {
  start_with(100ms);
  auto client = connect();
  const auto answer = client.send("GET /answered HTTP/1.1\r\nHost: a\r\n\r\n").read();
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "in time");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(report().stuck, 1U);
}

TEST_F(DeadlineTest, ADeferredRequestIsAnsweredForAndThePluginIsTold) {
  start_with(100ms);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  expect_timeout(client.read());
  ASSERT_TRUE(is_told_.wait());
  EXPECT_EQ(report().stuck, 0U) << "no thread is inside";
  EXPECT_EQ(test_.respond(exchange_, "late"), MORTISE_CANCELLED);
}

TEST_F(DeadlineTest, AStreamThatHasBegunHasAllTheTimeItWants) {
  test_.on("GET", "/streams", [this](auto* exchange, const auto&) {
    const auto head = TestPlugin::head(200, "first ");
    EXPECT_EQ(test_.http().start(exchange, &head), MORTISE_OK);
    EXPECT_EQ(test_.http().defer(exchange), MORTISE_OK);
    exchange_ = exchange;
    is_held_.set();
    return MORTISE_OK;
  });
  start_with(50ms);
  auto client = connect();
  client.send("GET /streams HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  expect_timeout(get("/waits"));  // begun later, and its time is up
  EXPECT_EQ(test_.http().write(exchange_, testing::bytes("last"), 1000), MORTISE_OK);
  EXPECT_EQ(test_.http().finish(exchange_), MORTISE_OK);
  EXPECT_EQ(client.read().body, "first last");
}

TEST_F(DeadlineTest, WhereARouteHeedsItTheClientSaysHowLongItWaits) {
  start_heeding(1h);
  EXPECT_LE(std::stoull(send_heeded("left", "X-Left: 5000\r\n").body), 5'010U);
  EXPECT_GT(std::stoull(send_heeded("left", "").body), 1'800'000U);
  EXPECT_GT(std::stoull(send_heeded("left", "X-Left: 18446744073709551615\r\n").body), 1'800'000U) << "no later";
  expect_timeout(send_heeded("wait", "X-Left: 50\r\n"));
  EXPECT_EQ(report().timeouts, 0U) << "nobody has so little time to do with";
  EXPECT_EQ(report().failures, 0U);
  for (const auto* wrong : {"soon", "-1", "5.5", "", "5 ms", "18446744073709551616"}) {
    EXPECT_EQ(send_heeded("left", std::string("X-Left: ") + wrong + "\r\n").status, 400U) << wrong;
  }
  EXPECT_EQ(connect().send("GET / HTTP/1.1\r\nHost: a\r\nX-Left: 0\r\n\r\n").read().body, "hello") << "another route";
}

TEST_F(DeadlineTest, WhoLeavesEnoughTimeIsAPluginsToAnswerInTime) {
  start_heeding(100ms);
  expect_timeout(send_heeded("wait", "X-Left: 5000\r\n"));
  EXPECT_EQ(report().timeouts, 1U);
  EXPECT_EQ(report().failures, 1U);
}

TEST_F(DeadlineTest, AHandlerThatGivesUpForAClientInAHurryHasNotFailed) {
  start_heeding(1h);
  auto client = connect();
  const auto give_up = [&](const std::string& left) {
    EXPECT_EQ(client.send("GET /heeds/gives_up HTTP/1.1\r\nHost: a\r\nX-Left: " + left + "\r\n\r\n").read().status,
              504U);
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read();  // by then the former one is counted
    return report().failures;
  };
  EXPECT_EQ(give_up("900"), 0U);
  EXPECT_EQ(give_up("60000"), 1U);
}

TEST_F(DeadlineTest, WhatWaitsForAThreadForTooLongIsTurnedAwayAndNeverRuns) {
  ServerSettings settings;
  settings.blocking_threads = 1;
  start_with(100ms, std::move(settings));
  auto first = connect();
  first.send("GET /pool HTTP/1.1\r\nHost: a\r\n\r\n");
  auto second = connect();
  second.send("GET /pool HTTP/1.1\r\nHost: a\r\n\r\n");
  std::array<unsigned, 2> statuses{first.read().status, second.read().status};
  std::sort(statuses.begin(), statuses.end());
  EXPECT_EQ(statuses, (std::array<unsigned, 2>{503, 504}));
  may_return_.set();
  generation_.reset();
  shut_down(testing::kLong);
  EXPECT_EQ(inside_, 1);
}

TEST_F(DeadlineTest, WithoutADeadlineNothingIsAnsweredFor) {
  start_with(0ms);
  auto client = connect();
  client.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
  // Longer than any deadline of the others: one that is set for a second plugin passes first.
  auto& other = plugin("other");
  other.on("GET", "/other", [this](auto* exchange, const auto&) { return wait_inside(exchange); });
  auto generation = init(other).value();
  generation->containment().set({.deadline = 200ms});
  const std::array generations{generation_, generation};
  publish_release(generations);
  expect_timeout(get("/other"));
  may_return_.set();
  EXPECT_EQ(client.read().body, "late");
}

/// Handlers that answer just when their time is up: each client gets one whole answer, whichever it is.
TEST_F(DeadlineTest, AnswersThatRaceTheirDeadlineAreWholeAndSingle) {
  constexpr auto kDeadline = 20ms;
  std::atomic<int> number{0};
  test_.on("GET", "/races", [&](auto* exchange, const auto&) {
    std::this_thread::sleep_for(kDeadline + std::chrono::milliseconds(number++ % 30 - 5));
    test_.respond(exchange, "late or not");
    return MORTISE_OK;
  });
  start_with(kDeadline);
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        for (int j = 0; j < 25; ++j) {
          auto client = connect();
          const auto answer = client.send("GET /races HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").read();
          // 503: it has waited for a thread of the pool, where others hold the loops, until its time was up.
          const bool is_late = answer.status == 504 || answer.status == 503;
          const bool is_whole = is_late || (answer.status == 200 && answer.body == "late or not");
          if (is_whole && client.read_to_end().empty()) ++good;
        }
      });
    }
  }
  EXPECT_EQ(good, 200);
  EXPECT_TRUE(nobody_gets_stuck());
}

}  // namespace
}  // namespace mortise::http
