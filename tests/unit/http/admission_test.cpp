// What circuit breaker and bulkhead let in, as clients see it.
#include <atomic>
#include <deque>
#include <map>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;
using testing::Event;
using testing::TestPlugin;

class AdmissionTest : public testing::EdgeTest {
 protected:
  AdmissionTest() : test_(plugin()) {
    test_.on("GET", "/waits", [this](auto* exchange, const auto&) { return wait_inside(exchange); });
    test_.on(
        "GET", "/pool", [this](auto* exchange, const auto&) { return wait_inside(exchange); },
        MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on("GET", "/fails", [this](auto* exchange, const auto&) {
      if (fails_) return MORTISE_INTERNAL;
      return test_.respond(exchange, "well");
    });
    test_.on("POST", "/body", [this](auto* exchange, const auto& request) {
      return test_.respond(exchange, testing::view(request.body));
    });
    start();
    generation_ = publish(test_);
  }
  void TearDown() override {
    may_return_.set();
    generation_.reset();
    EdgeTest::TearDown();
  }
  mortise_status wait_inside(mortise_http_exchange* exchange) {
    most_ = std::max<int>(most_, ++inside_);
    if (inside_ == expected_) are_inside_.set();
    EXPECT_TRUE(may_return_.wait());
    --inside_;
    return test_.respond(exchange, "waited");
  }
  [[nodiscard]] runtime::ContainmentReport report() const {
    return generation_->containment().report(std::chrono::steady_clock::now());
  }
  std::deque<testing::Client>& send_many(const std::string& path, int count) {
    for (int i = 0; i < count; ++i) clients_.emplace_back(port()).send("GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    return clients_;
  }
  std::map<unsigned, int> statuses() {
    std::map<unsigned, int> statuses;
    for (auto& client : clients_) ++statuses[client.read().status];
    return statuses;
  }
  void expect_two_inside_and_one_waiting(const std::string& path);
  /// Until so many have been turned away.
  void wait_for_rejected(std::uint64_t count) {
    const auto limit = std::chrono::steady_clock::now() + testing::kLong;
    while (report().rejected < count && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
    EXPECT_EQ(report().rejected, count);
  }

  TestPlugin& test_;
  runtime::GenerationPtr generation_;
  std::deque<testing::Client> clients_;
  std::atomic<bool> fails_{true};
  std::atomic<int> inside_{0};
  std::atomic<int> most_{0};
  std::atomic<int> expected_{-1};
  Event are_inside_;
  Event may_return_;
};

void AdmissionTest::expect_two_inside_and_one_waiting(const std::string& path) {
  generation_->containment().set({.concurrency = 2, .queue = 1});
  send_many(path, 50);
  wait_for_rejected(47);
  EXPECT_EQ(report().in_flight, 2U);
  EXPECT_EQ(report().waiting, 1U);
  may_return_.set();
  EXPECT_EQ(statuses(), (std::map<unsigned, int>{{200, 3}, {503, 47}}));
  EXPECT_LE(most_, 2);
}

TEST_F(AdmissionTest, TwoAreInsideOneWaitsAndTheOthersAreTurnedAway) { expect_two_inside_and_one_waiting("/waits"); }
TEST_F(AdmissionTest, OnThePoolToo) { expect_two_inside_and_one_waiting("/pool"); }

TEST_F(AdmissionTest, WhoIsTurnedAwayIsToldWhenToComeAgainAndKeepsItsConnection) {
  generation_->containment().set({.concurrency = 1, .queue = 0});
  expected_ = 1;
  send_many("/waits", 1);
  ASSERT_TRUE(are_inside_.wait());
  auto client = connect();
  const auto answer = client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").read();
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Mortise-Not-Begun"), "1");
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(answer.header("Connection"), "");
  may_return_.set();
  EXPECT_EQ(clients_.front().read().status, 200U);
  EXPECT_EQ(client.send("POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").read().body, "hello");
}

TEST_F(AdmissionTest, WhoWaitsUntilTheDeadlineIsTurnedAwayUnserved) {
  generation_->containment().set({.concurrency = 1, .queue = 1, .deadline = 0ms});
  expected_ = 1;
  send_many("/waits", 1);
  ASSERT_TRUE(are_inside_.wait());
  generation_->containment().set({.concurrency = 1, .queue = 1, .deadline = 50ms});
  const auto answer = get("/waits");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Mortise-Not-Begun"), "1");
  EXPECT_EQ(inside_, 1);
  may_return_.set();
  EXPECT_EQ(clients_.front().read().status, 200U);
}

TEST_F(AdmissionTest, MorePlacesLetInWhoWaits) {
  generation_->containment().set({.concurrency = 1, .queue = 10});
  expected_ = 3;
  send_many("/waits", 3);
  generation_->containment().set({.concurrency = 3, .queue = 10});
  EXPECT_TRUE(are_inside_.wait());
}

TEST_F(AdmissionTest, AServerThatStopsEndsThoseThatWait) {
  generation_->containment().set({.concurrency = 1, .queue = 10});
  expected_ = 1;
  send_many("/waits", 3);
  ASSERT_TRUE(are_inside_.wait());
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  while (report().waiting < 2 && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  std::thread releaser([this] {
    while (report().waiting > 0) std::this_thread::yield();
    may_return_.set();
  });
  server().stop(0ms);
  releaser.join();
  EXPECT_EQ(most_, 1) << "nobody was let in by the stop";
}

TEST_F(AdmissionTest, FailuresOpenTheCircuitAndAProbeClosesIt) {
  generation_->containment().set({.circuit = {.requests = 5, .open_for = 300ms, .probes = 1}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/fails").status, 500U);
  const auto refused = get("/fails");
  EXPECT_EQ(refused.status, 503U);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("Mortise-Not-Begun"), "1");
  EXPECT_EQ(report().circuit, runtime::CircuitBreaker::State::open);
  fails_ = false;
  const auto limit = std::chrono::steady_clock::now() + testing::kLong;
  while (get("/fails").status != 200 && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(report().circuit, runtime::CircuitBreaker::State::closed);
  EXPECT_EQ(report().circuit_opened, 1U);
  EXPECT_GE(report().short_circuited, 1U);
}

TEST_F(AdmissionTest, HandlersThatAreLateOpenTheCircuit) {
  generation_->containment().set({.deadline = 30ms, .circuit = {.requests = 3, .open_for = 1h}});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get("/waits").status, 504U);
  EXPECT_EQ(get("/waits").status, 503U);
  EXPECT_EQ(report().stuck, 3U);
  EXPECT_EQ(report().timeouts, 3U);
}

}  // namespace
}  // namespace mortise::http
