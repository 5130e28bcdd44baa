// How the server ends: what is in flight is finished, what overstays is cut and counted, and nothing holds it up.
#include <gmock/gmock.h>

#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

using testing::Event;

constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

class StopTest : public testing::EdgeTest {
 protected:
  /// A server whose "/" waits for `may_return_`.
  void start_waiting(std::uint32_t flags = 0) {
    start();
    auto& test = plugin();
    publish(test.on(
        "GET", "/",
        [&](auto* exchange, const auto&) {
          is_inside_.set();
          EXPECT_TRUE(may_return_.wait());
          return test.respond(exchange, "done");
        },
        flags));
  }
  bool is_refused() {
    try {
      return connect().send(kGet).read_to_end().empty();
    } catch (const std::runtime_error&) {
      return true;
    }
  }

  Event is_inside_;
  Event may_return_;
};

TEST_F(StopTest, FinishesWhatIsInFlight) {
  start_waiting();
  auto client = connect();
  client.send(kGet);
  ASSERT_TRUE(is_inside_.wait());
  server().drain();
  std::thread stopper([&] { EXPECT_EQ(server().stop(testing::kLong), 0U); });
  may_return_.set();
  EXPECT_EQ(client.read().body, "done");
  EXPECT_EQ(client.read_to_end(), "");
  stopper.join();
}

TEST_F(StopTest, FinishesWhatIsInFlightOnThePool) {
  start_waiting(MORTISE_HTTP_ROUTE_BLOCKING);
  auto client = connect();
  client.send(kGet);
  ASSERT_TRUE(is_inside_.wait());
  std::thread stopper([&] { EXPECT_EQ(server().stop(testing::kLong), 0U); });
  may_return_.set();
  EXPECT_EQ(client.read().body, "done");
  stopper.join();
}

TEST_F(StopTest, DrainingClosesIdleConnectionsAndTakesNoMore) {
  start_waiting();
  may_return_.set();
  auto idle = connect();
  EXPECT_EQ(idle.send(kGet).read().header("Connection"), "");
  auto fresh = connect();
  auto busy = connect();
  // Both arrive as one: once the first is answered, the second has begun.
  EXPECT_EQ(busy.send(kGet + std::string("GET / HTTP/1.1\r\n")).read().body, "done");
  server().drain();
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(fresh.read_to_end(), "");
  EXPECT_TRUE(is_refused());
  const auto last = busy.send("Host: a\r\n\r\n").read();
  EXPECT_EQ(last.body, "done") << "it had begun";
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_EQ(busy.read_to_end(), "");
}

TEST_F(StopTest, CutsAndCountsWhatOverstays) {
  start();
  auto& test = plugin();
  Event is_held;
  mortise_http_exchange* held = nullptr;
  publish(test.on("GET", "/", [&](auto* exchange, const auto&) {
    test.http().defer(exchange);
    held = exchange;
    is_held.set();
    return MORTISE_OK;
  }));
  auto client = connect();
  client.send(kGet);
  ASSERT_TRUE(is_held.wait());
  auto idle = connect();
  EXPECT_EQ(server().stop(50ms), 1U);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(test.respond(held, "too late"), MORTISE_CANCELLED);
  EXPECT_TRUE(wait_for_no_generation()) << "although no loop runs";
}

TEST_F(StopTest, IsNotHeldUpByAHandlerThatDoesNotReturn) {
  start_waiting();
  auto client = connect();
  client.send(kGet);
  ASSERT_TRUE(is_inside_.wait());
  EXPECT_EQ(server().stop(0ms), 1U);
  EXPECT_EQ(client.read_to_end(), "");
  may_return_.set();
  EXPECT_TRUE(wait_for_no_generation()) << "it ends with the handler";
}

TEST_F(StopTest, IsNotHeldUpByThePool) {
  start_waiting(MORTISE_HTTP_ROUTE_BLOCKING);
  auto client = connect();
  client.send(kGet);
  ASSERT_TRUE(is_inside_.wait());
  EXPECT_EQ(server().stop(0ms), 1U);
  EXPECT_EQ(client.read_to_end(), "");
  may_return_.set();
  EXPECT_TRUE(wait_for_no_generation());
}

TEST_F(StopTest, LetsGoOfTheGenerations) {
  start();
  const std::weak_ptr<runtime::Generation> generation = publish(plugin().says("/", "hello"));
  auto client = connect();
  EXPECT_EQ(client.send(kGet).read().body, "hello");
  EXPECT_EQ(server().stop(0ms), 0U);
  EXPECT_TRUE(wait_for_no_generation());
  EXPECT_TRUE(generation.expired());
}

TEST_F(StopTest, CutsTheConnectionsOfOneGeneration) {
  start();
  auto& stuck = plugin("stuck");
  Event is_held;
  Event is_told;
  mortise_http_exchange* held = nullptr;
  stuck.on("GET", "/", [&](auto* exchange, const auto&) {
    stuck.http().defer(exchange);
    stuck.http().on_close(
        exchange, [](void* event) { static_cast<Event*>(event)->set(); }, &is_told);
    held = exchange;
    is_held.set();
    return MORTISE_OK;
  });
  const auto generation = init(stuck).value();
  const auto other = init(plugin("other").says("/other", "other")).value();
  const std::vector both{generation, other};
  publish_release(both);
  auto client = connect();
  auto bystander = connect();
  EXPECT_EQ(bystander.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "other");
  client.send(kGet);
  ASSERT_TRUE(is_held.wait());
  server().cut(*generation);
  EXPECT_EQ(client.read_to_end(), "");
  ASSERT_TRUE(is_told.wait());
  EXPECT_EQ(stuck.respond(held, "too late"), MORTISE_CANCELLED);
  EXPECT_EQ(bystander.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "other");
}

TEST_F(StopTest, SaysThatAPortIsTaken) {
  start();
  ServerSettings settings;
  settings.listen.push_back({.address = "127.0.0.1", .port = port(), .tls = {}});
  Server second(std::move(settings));
  base::InheritedSockets none;
  const auto started = second.start(none);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message, ::testing::HasSubstr("cannot listen on 127.0.0.1:" + std::to_string(port())));
  EXPECT_THAT(started.error().message, ::testing::HasSubstr("stop the program that holds it"));
}

TEST_F(StopTest, SaysThatAnAddressIsNone) {
  ServerSettings settings;
  settings.listen.push_back({.address = "localhost", .port = 0, .tls = {}});
  Server broken(std::move(settings));
  base::InheritedSockets none;
  EXPECT_THAT(broken.start(none).error().message, ::testing::HasSubstr("'localhost' is no IP address"));
}

}  // namespace
}  // namespace mortise::http
