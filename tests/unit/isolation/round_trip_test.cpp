// Both sides in one process: many requests at once, none of which may be lost, forgotten or answered twice. Under
// ThreadSanitizer this is what looks at the wake-ups.
#include <gtest/gtest.h>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "isolation/both_sides.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/remote_exchange.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using testing::FakeExchange;

mortise_bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Answers that the callback of on_close has ended.
std::atomic<unsigned> ended_by_callback{0};

void end_answer(void* exchange) {
  RemoteExchange::from(static_cast<mortise_http_exchange*>(exchange)).abort();
  ++ended_by_callback;
  ended_by_callback.notify_all();
}

/// The plugin: answers each request with its body, in the way that its method says.
mortise_status handle(void* self, mortise_http_exchange* exchange, const mortise_http_request_v1* request,
                      mortise_error*) {
  const auto& http = *static_cast<const mortise_http_v1*>(self);
  const auto how = runtime::to_view(request->method);
  const std::string body(reinterpret_cast<const char*>(request->body.data), request->body.size);
  const mortise_http_response_v1 whole{
      .struct_size = sizeof whole, .status = 200, .headers = nullptr, .header_count = 0, .body = bytes_of(body)};
  if (how == "WHOLE") return http.respond(exchange, &whole);
  if (how == "FAIL") return MORTISE_NOT_FOUND;
  if (how == "STREAM") {
    auto head = whole;
    head.body = {};
    if (http.start(exchange, &head) != MORTISE_OK) return MORTISE_INTERNAL;
    if (http.write(exchange, bytes_of(body), 1000) != MORTISE_OK) return MORTISE_INTERNAL;
    return http.finish(exchange);
  }
  if (how == "READ") {
    std::uint64_t size = 1;
    std::string read;
    for (std::uint8_t piece = 0; size > 0;) {
      if (http.read_body(exchange, &piece, 1, &size) != MORTISE_OK) return MORTISE_INTERNAL;
      read += std::string(size, static_cast<char>(piece));
    }
    auto answer = whole;
    answer.body = bytes_of(read);
    return http.respond(exchange, &answer);
  }
  http.defer(exchange);
  if (how == "PIECES") {
    http.on_close(exchange, &end_answer, exchange);
    std::thread([&http, exchange, body, whole] {
      auto head = whole;
      head.body = {};
      http.start(exchange, &head);
      http.write(exchange, bytes_of(body), 1000);
    }).detach();
    return MORTISE_OK;
  }
  std::thread([&http, exchange, body] {
    const mortise_http_response_v1 later{
        .struct_size = sizeof later, .status = 200, .headers = nullptr, .header_count = 0, .body = bytes_of(body)};
    http.respond(exchange, &later);
  }).detach();
  return MORTISE_OK;
}

class RoundTripTest : public testing::BothSidesTest {
 protected:
  RoundTripTest() : BothSidesTest(&handle) {}
};

TEST_F(RoundTripTest, EveryWayToAnswerReachesTheClient) {
  const std::string large(100'000, 'l');
  for (const std::string how : {"WHOLE", "STREAM", "LATER"}) {
    for (const auto& body : {std::string("small"), large}) {
      FakeExchange exchange;
      ask(exchange, how, body);
      EXPECT_EQ(exchange.status(), 200U) << how;
      EXPECT_TRUE(exchange.body() == body) << how;
    }
  }
  FakeExchange read;
  ask(read, "READ", "");
  EXPECT_EQ(read.body(), "ppp");
  FakeExchange failed;
  ask(failed, "FAIL", "");
  EXPECT_EQ(failed.status(), 404U);
}

TEST_F(RoundTripTest, WhatComesToAThreadPastItsDeadlineIsNotBegun) {
  FakeExchange late;
  late.set_time_left_ms(0);
  ask(late, "WHOLE", "body");
  EXPECT_EQ(late.status(), 504U);
  FakeExchange next;
  ask(next, "WHOLE", "body");
  EXPECT_EQ(next.status(), 200U) << "its thread is there for others";
}

TEST_F(RoundTripTest, AHandlerThatHasDeferredHoldsNoThread) {
  FakeExchange exchange;
  exchange.hold();
  submit(exchange, "PIECES", "piece");
  exchange.wait_until_held();
  while (!calls_->deadlines_at_work().empty()) wake();
  const auto ended_before = ended_by_callback.load();
  exchange.leave();
  ended_by_callback.wait(ended_before);
  exchange.release();
  exchange.wait();
}

TEST_F(RoundTripTest, WhoIsStillWritingWhenTheCallbackEndsTheAnswerGivesTheCallBack) {
  FakeExchange exchange;
  exchange.hold();
  const auto ended_before = ended_by_callback.load();
  submit(exchange, "PIECES", "piece");
  exchange.wait_until_held();
  exchange.leave();
  ended_by_callback.wait(ended_before);
  EXPECT_EQ(exchange.ends(), 0) << "somebody is still busy with it";
  exchange.release();
  exchange.wait();
  EXPECT_TRUE(exchange.was_cut());
}

TEST_F(RoundTripTest, NoneOfManyIsLost) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 3000;
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < kThreads; ++i) {
    clients.emplace_back([&, i] {
      for (int n = 0; n < kRequests; ++n) {
        FakeExchange exchange;
        const auto body = std::to_string(i) + "-" + std::to_string(n);
        ask(exchange, n % 50 == 0 ? "STREAM" : "WHOLE", body);
        if (exchange.body() == body && exchange.ends() == 1) ++answered;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, kThreads * kRequests);
}

}  // namespace
}  // namespace mortise::isolation
