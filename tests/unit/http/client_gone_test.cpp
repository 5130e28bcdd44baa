// Clients that go away while a handler has their request: the handler, and whom it calls, may know; nothing is cut.
#include <atomic>
#include <chrono>
#include <string>

#include "edge_fixture.hpp"
#include "http/exchange.hpp"
#include "runtime/scope.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;
using testing::Event;
using testing::TestPlugin;

class ClientGoneTest : public testing::EdgeTest {
 protected:
  ClientGoneTest() : test_(plugin()) {
    test_.says("/", "hello");
    const auto wait = [this](auto* exchange, const auto&) { return wait_for_end(exchange); };
    test_.on("GET", "/loop", wait);
    test_.on("GET", "/pool", wait, MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on("POST", "/stream", wait, MORTISE_HTTP_ROUTE_STREAM_BODY);
    test_.on(
        "GET", "/stays",
        [this](auto* exchange, const auto&) {
          is_staying_.set();
          EXPECT_TRUE(has_left_.wait());
          return test_.respond(exchange, test_.http().time_left_ms(exchange) > 0 ? "time" : "no time");
        },
        MORTISE_HTTP_ROUTE_BLOCKING);
    start({});
    generation_ = publish(test_);
  }

  /// What a handler does that waits for another host: until it has no time left.
  mortise_status wait_for_end(mortise_http_exchange* exchange) {
    is_inside_.set();
    const auto limit = std::chrono::steady_clock::now() + testing::kLong;
    while (test_.http().time_left_ms(exchange) > 0 && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(runtime::Scope::current()->is_unheard()) << "its deadline is a minute away";
    has_left_.set();
    return test_.respond(exchange, "nobody", 500);
  }
  [[nodiscard]] runtime::ContainmentReport report() const {
    return generation_->containment().report(std::chrono::steady_clock::now());
  }
  void TearDown() override {
    generation_.reset();
    EdgeTest::TearDown();
  }

  static constexpr std::string_view kRest = " HTTP/1.1\r\nHost: a\r\n\r\n";
  TestPlugin& test_;
  runtime::GenerationPtr generation_;
  Event is_inside_;
  Event has_left_;
  Event is_staying_;
};

TEST_F(ClientGoneTest, AHandlerOnTheLoopKnows) {
  auto client = connect();
  client.send("GET /loop" + std::string(kRest));
  ASSERT_TRUE(is_inside_.wait());
  client.close();
  EXPECT_TRUE(has_left_.wait());
  EXPECT_EQ(get("/").body, "hello");
}

TEST_F(ClientGoneTest, AHandlerOnThePoolKnowsOfAReset) {
  auto client = connect();
  client.send("GET /pool" + std::string(kRest));
  ASSERT_TRUE(is_inside_.wait());
  client.reset();
  client.close();
  EXPECT_TRUE(has_left_.wait());
}

TEST_F(ClientGoneTest, AHandlerThatPullsItsBodyKnows) {
  auto client = connect();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\na part");
  ASSERT_TRUE(is_inside_.wait());
  client.close();
  EXPECT_TRUE(has_left_.wait());
}

TEST_F(ClientGoneTest, BytesThatNobodyReadsHideNoEnd) {
  auto client = connect();
  client.send("GET /pool" + std::string(kRest) + "GET /" + std::string(kRest));
  ASSERT_TRUE(is_inside_.wait());
  client.close();
  EXPECT_TRUE(has_left_.wait());
}

TEST_F(ClientGoneTest, OneThatHasOnlyFinishedSendingGetsTheAnswer) {
  auto client = connect();
  client.send("GET /pool" + std::string(kRest));
  ASSERT_TRUE(is_inside_.wait());
  client.end_output();
  EXPECT_TRUE(has_left_.wait());
  EXPECT_EQ(client.read().body, "nobody");
}

TEST_F(ClientGoneTest, WhatComesOfItCountsForNobody) {
  {
    auto client = connect();
    client.send("GET /pool" + std::string(kRest));
    ASSERT_TRUE(is_inside_.wait());
    client.end_output();
    EXPECT_EQ(client.read().status, 500U);
    client.read_to_end();
  }
  EXPECT_EQ(report().failures, 0U);
}

TEST_F(ClientGoneTest, OneThatStaysHasItsTimeAndItsNextRequestServed) {
  auto stays = connect();
  stays.send("GET /stays" + std::string(kRest) + "GET /" + std::string(kRest));
  ASSERT_TRUE(is_staying_.wait());
  auto goes = connect();
  goes.send("GET /pool" + std::string(kRest));
  ASSERT_TRUE(is_inside_.wait());
  goes.close();
  EXPECT_EQ(stays.read().body, "time");
  EXPECT_EQ(stays.read().body, "hello");
}

}  // namespace
}  // namespace mortise::http
