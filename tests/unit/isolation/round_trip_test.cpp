// Both sides in one process: many requests at once, none of which may be lost, forgotten or answered twice. Under
// ThreadSanitizer this is what looks at the wake-ups.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/calls.hpp"
#include "isolation/crew.hpp"
#include "isolation/fake_edge.hpp"
#include "isolation/remote_contracts.hpp"
#include "isolation/remote_exchange.hpp"
#include "runtime/abi_values.hpp"

namespace mortise::isolation {
namespace {

using testing::FakeExchange;

mortise_bytes bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr std::chrono::seconds kPatience{45};

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

/// A worker without a process, and the attendant of its calls.
class RoundTripTest : public ::testing::Test {
 protected:
  RoundTripTest() {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK), 0);
    called_ = base::Descriptor(pipe[0]);
    calling_ = base::Descriptor(pipe[1]);
    // Of a worker nothing is ever taken down but by the end of its process: it is left here as well.
    auto* const link = new HostLink(Talk(base::Descriptor()), area_, base::Descriptor(::dup(calling_.get())));
    auto* const http = new Routes(*link);
    auto* const contracts = new RemoteContracts(*link);
    auto* const bindings = new Bindings(cone_->entry, registered_, *contracts, 1 << 20);
    auto* const crew = new Crew(*link, *http, *bindings);
    crew->start();
    crew_ = crew;
    attendant_ = std::thread([this] { attend(); });
  }
  /// Every call has been given back by then.
  ~RoundTripTest() override {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (calls_->is_anybody_inside() && std::chrono::steady_clock::now() < until) wake();
    EXPECT_FALSE(calls_->is_anybody_inside());
    is_over_ = true;
    wake();
    attendant_.join();
    crew_->wait_until_idle();
    EXPECT_EQ(end_.breach->what(), "");
  }

  struct Routes final : RemoteHttp {
    explicit Routes(HostLink& link) : RemoteHttp(link) {
      keep({.handle = &handle, .self = const_cast<void*>(interface(MORTISE_HTTP_V1)), .pattern = "/"});
    }
  };

  /// As the worker does for what cannot wait.
  void wake() {
    static_cast<void>(!::write(calling_.get(), "", 1));  // full: it is awake
    std::this_thread::yield();
  }
  void attend() {
    while (!is_over_) {
      if (calls_->take_some() || !calls_->prepare_to_sleep()) continue;
      pollfd wait{.fd = called_.get(), .events = POLLIN, .revents = 0};
      ::poll(&wait, 1, -1);
      calls_->wake_up();
      std::array<char, 256> ignored;
      static_cast<void>(!::read(called_.get(), ignored.data(), ignored.size()));
    }
    while (calls_->take_some()) continue;
  }
  void ask(FakeExchange& exchange, const std::string& how, const std::string& body) {
    submit(exchange, how, body);
    exchange.wait();
  }
  void submit(FakeExchange& exchange, const std::string& how, const std::string& body) {
    ASSERT_EQ(calls_->submit(route_, exchange.handle(), testing::make_request(how, body)), MORTISE_OK);
  }

  base::Descriptor called_;
  base::Descriptor calling_;
  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_;
  runtime::Registered registered_;
  GrowingPool pool_{4};
  runtime::ConePtr cone_ = http::testing::make_cone(http::testing::make_generation("mirror"));
  std::shared_ptr<Calls> calls_ =
      std::make_shared<Calls>(end_, std::make_shared<OutgoingCalls>(end_, slots_), *cone_->entry, FakeExchange::table(),
                              Means{pool_, pool_, [](mortise_http_exchange*) {}});
  ForwardedRoute route_{.text = "GET /"};
  Crew* crew_ = nullptr;
  std::atomic<bool> is_over_{false};
  std::thread attendant_;
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
