#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <mortise/event_stream.hpp>
#include <mortise/http.hpp>
#include <thread>
#include <vector>

#include "fake_host.hpp"

namespace mortise {
namespace {

using sdk_testing::FakeExchange;
using sdk_testing::FakeHost;

class EventStreamTest : public ::testing::Test {
 protected:
  EventStreamTest() {
    http_.get("/", [this](const Request&, Response& res) { opened_.push_back(EventStream::open(res)); });
  }
  EventStream open(FakeExchange& exchange) {
    host_.call(exchange);
    auto events = opened_.back();
    opened_.clear();
    return events;
  }

  FakeHost host_;
  Http http_{static_cast<const mortise_http_v1*>(host_.interfaces[MORTISE_HTTP_V1]), host_.table()};
  std::vector<EventStream> opened_;
};

TEST_F(EventStreamTest, StartsAnAnswerThatStaysOpen) {
  FakeExchange exchange;
  const auto events = open(exchange);
  EXPECT_TRUE(events.is_open());
  EXPECT_TRUE(exchange.is_deferred);
  EXPECT_EQ(exchange.headers["Content-Type"], "text/event-stream");
  EXPECT_EQ(exchange.headers["Cache-Control"], "no-cache");
  EXPECT_EQ(exchange.ended_by, "");
}

TEST_F(EventStreamTest, WritesEachLineOfTheDataAsAField) {
  FakeExchange exchange;
  const auto events = open(exchange);
  events.send("note", "one\ntwo\r\nthree\rfour\n", "7");
  EXPECT_EQ(exchange.sent, "id: 7\nevent: note\ndata: one\ndata: two\ndata: three\ndata: four\ndata: \n\n");
}

TEST_F(EventStreamTest, WritesDataAloneAndComments) {
  FakeExchange exchange;
  const auto events = open(exchange);
  events.send("");
  events.comment("still\nhere");
  EXPECT_EQ(exchange.sent, "data: \n\n: still here\n\n");
}

TEST_F(EventStreamTest, LetsNoFieldBreakIntoAnother) {
  FakeExchange exchange;
  const auto events = open(exchange);
  events.send("a\ndata: forged", "x", "1\r\nevent: forged");
  EXPECT_EQ(exchange.sent, "id: 1  event: forged\nevent: a data: forged\ndata: x\n\n");
}

TEST_F(EventStreamTest, NeverWaitsForASlowClient) {
  FakeExchange exchange;
  const auto events = open(exchange);
  exchange.is_full = true;
  EXPECT_FALSE(events.send("dropped"));
  EXPECT_EQ(exchange.last_timeout_ms, 0U);
  EXPECT_TRUE(events.is_open());
}

TEST_F(EventStreamTest, EndsWithCloseOnce) {
  FakeExchange exchange;
  const auto events = open(exchange);
  events.close();
  events.close();
  EXPECT_FALSE(events.is_open());
  EXPECT_FALSE(events.send("late"));
  EXPECT_EQ(exchange.ended_by, "finish");
  EXPECT_TRUE(exchange.misuses.empty());
}

TEST_F(EventStreamTest, EndsWithItsLastCopy) {
  FakeExchange exchange;
  auto first = std::make_unique<EventStream>(open(exchange));
  auto second = std::make_unique<EventStream>(*first);
  first.reset();
  EXPECT_EQ(exchange.ended_by, "");
  second.reset();
  EXPECT_EQ(exchange.ended_by, "finish");
}

TEST_F(EventStreamTest, EndsWhenTheClientGoes) {
  FakeExchange exchange;
  const auto events = open(exchange);
  exchange.client_goes();
  EXPECT_FALSE(events.is_open());
  EXPECT_EQ(exchange.ended_by, "finish");
  EXPECT_TRUE(exchange.misuses.empty());
}

TEST_F(EventStreamTest, NoticesInAWriteThatTheClientIsGone) {
  FakeExchange exchange;
  const auto events = open(exchange);
  exchange.is_gone = true;
  EXPECT_FALSE(events.send("x"));
  EXPECT_FALSE(events.is_open());
  EXPECT_EQ(exchange.ended_by, "finish");
}

TEST_F(EventStreamTest, CannotBeOpenedTwice) {
  FakeExchange exchange;
  http_.get("/", [](const Request&, Response& res) {
    const auto events = EventStream::open(res);
    static_cast<void>(EventStream::open(res));
  });
  host_.routes.erase(host_.routes.begin());
  host_.call(exchange);
  EXPECT_EQ(exchange.handler_status, MORTISE_INTERNAL);
  EXPECT_EQ(exchange.ended_by, "finish");
  EXPECT_TRUE(exchange.misuses.empty());
}

// Whichever of them comes first: the exchange ends once, and nobody uses it afterwards.
TEST_F(EventStreamTest, SurvivesTheClientGoingWhileOthersSendAndClose) {
  for (int round = 0; round < 500; ++round) {
    FakeExchange exchange;
    auto events = std::make_unique<EventStream>(open(exchange));
    std::barrier<> start(4);
    std::thread client([&] {
      start.arrive_and_wait();
      exchange.client_goes();
    });
    std::thread sender([&, copy = *events] {
      start.arrive_and_wait();
      while (copy.send("tick")) std::this_thread::yield();
    });
    std::thread closer([&, copy = *events] {
      start.arrive_and_wait();
      copy.close();
    });
    start.arrive_and_wait();
    events.reset();
    client.join();
    sender.join();
    closer.join();
    ASSERT_EQ(exchange.ended_by, "finish");
    ASSERT_TRUE(exchange.misuses.empty()) << exchange.misuses.front();
  }
}

TEST_F(EventStreamTest, CanBeDroppedWhileTheClientGoes) {
  for (int round = 0; round < 500; ++round) {
    FakeExchange exchange;
    auto events = std::make_unique<EventStream>(open(exchange));
    std::barrier<> start(2);
    std::thread client([&] {
      start.arrive_and_wait();
      exchange.client_goes();
    });
    start.arrive_and_wait();
    events.reset();
    client.join();
    ASSERT_EQ(exchange.ended_by, "finish");
    ASSERT_TRUE(exchange.misuses.empty()) << exchange.misuses.front();
  }
}

}  // namespace
}  // namespace mortise
