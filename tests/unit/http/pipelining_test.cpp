// Requests that are sent before their predecessors are answered, over all kinds of answers: each is answered, in order.
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::bytes;
using testing::TestPlugin;
using testing::view;

std::string get_request(const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: a\r\n\r\n"; }

class PipeliningTest : public testing::EdgeTest {
 protected:
  PipeliningTest() : test_(plugin()) {
    test_.on("GET", "/inline/{text}", [this](auto* exchange, const mortise_http_request_v1& request) {
      return test_.respond(exchange, view(request.params[0].value));
    });
    test_.on(
        "GET", "/pool/{text}",
        [this](auto* exchange, const mortise_http_request_v1& request) {
          return test_.respond(exchange, view(request.params[0].value));
        },
        MORTISE_HTTP_ROUTE_BLOCKING);
    test_.on("GET", "/deferred/{text}", [this](auto* exchange, const mortise_http_request_v1& request) {
      test_.http().defer(exchange);
      answer_later(exchange, std::string(view(request.params[0].value)));
      return MORTISE_OK;
    });
    test_.on("GET", "/streamed/{text}", [this](auto* exchange, const mortise_http_request_v1& request) {
      const auto text = view(request.params[0].value);
      const auto head = TestPlugin::head(200, text.substr(0, 1));
      test_.http().start(exchange, &head);
      test_.http().write(exchange, bytes(text.substr(1)), 1000);
      return test_.http().finish(exchange);
    });
    test_.on("POST", "/echo", [this](auto* exchange, const mortise_http_request_v1& request) {
      return test_.respond(exchange, view(request.body));
    });
    test_.on("GET", "/held", [this](auto* exchange, const auto&) {
      test_.http().defer(exchange);
      held_ = exchange;
      is_held_.set();
      return MORTISE_OK;
    });
  }
  ~PipeliningTest() override {
    for (auto& thread : threads_) thread.join();
  }

  void answer_later(mortise_http_exchange* exchange, std::string text) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, exchange, text = std::move(text)] { test_.respond(exchange, text); });
  }

  testing::TestPlugin& test_;
  std::mutex mutex_;
  std::vector<std::thread> threads_;  // guarded by mutex_
  mortise_http_exchange* held_ = nullptr;
  testing::Event is_held_;
};

TEST_F(PipeliningTest, AnswersInOrder) {
  start();
  publish(test_);
  auto client = connect();
  std::string requests;
  for (int i = 0; i < 500; ++i) requests += get_request("/inline/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read().body, std::to_string(i));
}

TEST_F(PipeliningTest, KeepsTheOrderOverAllKindsOfAnswers) {
  start();
  publish(test_);
  auto client = connect();
  std::string requests;
  const std::vector<std::string> kinds{"inline", "deferred", "streamed", "pool"};
  for (int i = 0; i < 100; ++i) {
    for (const auto& kind : kinds) requests += get_request("/" + kind + "/" + kind + std::to_string(i));
    requests += "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    requests += "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    requests += get_request("/missing");
  }
  std::thread sender([&] { client.send(requests); });
  for (int i = 0; i < 100; ++i) {
    for (const auto& kind : kinds) EXPECT_EQ(client.read().body, kind + std::to_string(i));
    EXPECT_EQ(client.read().body, "hello");
    EXPECT_EQ(client.read().body, "hi");
    EXPECT_EQ(client.read().status, 404U);
  }
  sender.join();
}

TEST_F(PipeliningTest, AnswersWhatCameWhileAnAnswerWasDeferred) {
  start();
  publish(test_);
  auto client = connect();
  client.send(get_request("/held") + get_request("/inline/behind"));
  ASSERT_TRUE(is_held_.wait());
  test_.respond(held_, "late");
  EXPECT_EQ(client.read().body, "late");
  EXPECT_EQ(client.read().body, "behind");
}

TEST_F(PipeliningTest, AnswersWhatCameInPiecesWhileAnAnswerWasDeferred) {
  start();
  publish(test_);
  auto client = connect();
  client.send(get_request("/held"));
  ASSERT_TRUE(is_held_.wait());
  client.send("GET /inline/behi");
  test_.respond(held_, "late");
  EXPECT_EQ(client.read().body, "late");
  client.send("nd HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().body, "behind");
}

TEST_F(PipeliningTest, SendsEarlierAnswersWhileOneIsDeferred) {
  start();
  publish(test_);
  auto client = connect();
  client.send(get_request("/inline/first") + get_request("/held"));
  EXPECT_EQ(client.read().body, "first") << "it does not wait for the second";
  ASSERT_TRUE(is_held_.wait());
  test_.respond(held_, "late");
  EXPECT_EQ(client.read().body, "late");
}

TEST_F(PipeliningTest, SendsEarlierAnswersBeforeABlockingHandler) {
  start();
  testing::Event has_first;
  test_.on(
      "GET", "/waits",
      [&](auto* exchange, const auto&) {
        EXPECT_TRUE(has_first.wait());
        return test_.respond(exchange, "waited");
      },
      MORTISE_HTTP_ROUTE_BLOCKING);
  publish(test_);
  auto client = connect();
  client.send(get_request("/inline/first") + get_request("/waits"));
  EXPECT_EQ(client.read().body, "first");
  has_first.set();
  EXPECT_EQ(client.read().body, "waited");
}

TEST_F(PipeliningTest, ReadsNothingBehindARefusedRequest) {
  start();
  publish(test_);
  auto client = connect();
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" +
              get_request("/inline/smuggled"));
  EXPECT_EQ(client.read().status, 400U);
  EXPECT_EQ(client.read_to_end(), "");
}

}  // namespace
}  // namespace mortise::http
