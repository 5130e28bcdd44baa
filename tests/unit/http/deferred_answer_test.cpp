// Answers that are given after the handler has returned, by other threads.
#include <gmock/gmock.h>

#include <atomic>
#include <deque>
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::Event;
using testing::TestPlugin;

class DeferredAnswerTest : public testing::EdgeTest {
 protected:
  DeferredAnswerTest() : test_(plugin()) {
    test_.on("GET", "/held", [this](auto* exchange, const auto&) {
      EXPECT_EQ(test_.http().defer(exchange), MORTISE_OK);
      exchange_ = exchange;
      if (on_close_) test_.http().on_close(exchange, &DeferredAnswerTest::closed, this);
      is_held_.set();
      return MORTISE_OK;
    });
    test_.says("/", "hello");
  }
  static void closed(void* self) {
    auto& test = *static_cast<DeferredAnswerTest*>(self);
    ++test.close_calls_;
    if (test.on_close_) test.on_close_();
    test.is_closed_.set();
  }

  TestPlugin& test_;
  mortise_http_exchange* exchange_ = nullptr;
  std::function<void()> on_close_;
  std::atomic<int> close_calls_{0};
  Event is_held_;
  Event is_closed_;
};

TEST_F(DeferredAnswerTest, ComesFromAnotherThread) {
  start();
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  EXPECT_EQ(get("/").body, "hello") << "others are served meanwhile";
  std::thread([&] { EXPECT_EQ(test_.respond(exchange_, "late"), MORTISE_OK); }).join();
  EXPECT_EQ(client.read().body, "late");
  EXPECT_EQ(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "hello");
}

TEST_F(DeferredAnswerTest, MayComeBeforeTheHandlerIsBack) {
  start();
  test_.on("GET", "/raced", [&](auto* exchange, const auto&) {
    EXPECT_EQ(test_.http().defer(exchange), MORTISE_OK);
    std::thread([&] { EXPECT_EQ(test_.respond(exchange, "early"), MORTISE_OK); }).join();
    return MORTISE_UNAVAILABLE;
  });
  publish(test_);
  auto client = connect();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(client.send("GET /raced HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "early");
  }
}

TEST_F(DeferredAnswerTest, RacesWithTheHandlersReturn) {
  start();
  std::mutex mutex;
  std::deque<std::thread> threads;
  test_.on("GET", "/raced", [&](auto* exchange, const auto&) {
    test_.http().defer(exchange);
    const std::lock_guard lock(mutex);
    threads.emplace_back([&, exchange] { test_.respond(exchange, "raced"); });
    return MORTISE_OK;
  });
  publish(test_);
  auto client = connect();
  for (int i = 0; i < 500; ++i) {
    ASSERT_EQ(client.send("GET /raced HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "raced");
  }
  const std::lock_guard lock(mutex);  // the last handler may still be inside, although its answer is here
  for (auto& thread : threads) thread.join();
}

TEST_F(DeferredAnswerTest, LetsGoOfItsGenerationWhenItIsGiven) {
  start();
  const std::weak_ptr<runtime::Generation> generation = publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  publish_release({});
  EXPECT_FALSE(generation.expired());
  test_.respond(exchange_, "late");
  EXPECT_EQ(client.read().body, "late");
  EXPECT_TRUE(wait_for_no_generation()) << "although the connection stays";
  EXPECT_TRUE(generation.expired());
}

TEST_F(DeferredAnswerTest, MayBeAborted) {
  start();
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  test_.http().abort(exchange_);
  EXPECT_EQ(client.read().status, 500U);
}

TEST_F(DeferredAnswerTest, TellsOnceThatTheClientIsGone) {
  start();
  on_close_ = [] {};
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  client.close();
  ASSERT_TRUE(is_closed_.wait());
  EXPECT_EQ(test_.respond(exchange_, "nobody hears"), MORTISE_CANCELLED);
  EXPECT_TRUE(shut_down(testing::kLong) == 0);
  EXPECT_EQ(close_calls_, 1);
}

TEST_F(DeferredAnswerTest, TellsOnceAlsoAfterAReset) {
  start();
  on_close_ = [] {};
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  client.reset();
  ASSERT_TRUE(is_closed_.wait());
  test_.http().abort(exchange_);
  shut_down(testing::kLong);
  EXPECT_EQ(close_calls_, 1);
}

TEST_F(DeferredAnswerTest, TellsThatTheClientIsGoneAlsoBehindItsNextRequests) {
  start();
  on_close_ = [] {};
  publish(test_);
  auto client = connect();
  std::string requests = "GET /held HTTP/1.1\r\nHost: a\r\n\r\n";
  for (int i = 0; i < 1000; ++i) requests += "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(requests);
  ASSERT_TRUE(is_held_.wait());
  client.close();
  ASSERT_TRUE(is_closed_.wait());
  EXPECT_EQ(test_.respond(exchange_, "nobody hears"), MORTISE_CANCELLED);
}

TEST_F(DeferredAnswerTest, MayBeEndedByTheCallbackItself) {
  start();
  on_close_ = [&] { test_.http().abort(exchange_); };
  const std::weak_ptr<runtime::Generation> generation = publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  client.close();
  ASSERT_TRUE(is_closed_.wait());
  publish_release({});
  EXPECT_TRUE(wait_for_no_generation());
}

TEST_F(DeferredAnswerTest, WaitsForARunningCallback) {
  start();
  Event is_in_callback;
  Event may_return;
  std::atomic<bool> has_returned{false};
  on_close_ = [&] {
    is_in_callback.set();
    EXPECT_TRUE(may_return.wait());
    has_returned = true;
  };
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  client.close();
  ASSERT_TRUE(is_in_callback.wait());
  std::thread ender([&] {
    EXPECT_EQ(test_.respond(exchange_, "x"), MORTISE_CANCELLED);
    EXPECT_TRUE(has_returned);
  });
  may_return.set();
  ender.join();
}

TEST_F(DeferredAnswerTest, IsNotDisturbedByTheClientsNextRequest) {
  start();
  on_close_ = [] {};
  publish(test_);
  auto client = connect();
  client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_held_.wait());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  // Until that has certainly been read: the loops are asked often enough.
  for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/").body, "hello");
  EXPECT_EQ(test_.respond(exchange_, "late"), MORTISE_OK);
  EXPECT_EQ(client.read().body, "late");
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(close_calls_, 0);
}

}  // namespace
}  // namespace mortise::http
