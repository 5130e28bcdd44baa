// When another host is left alone, and who has no say in that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "call_of.hpp"
#include "remote/endpoint.hpp"
#include "scripted_host.hpp"

namespace mortise::remote {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Clock = Connection::Clock;

TEST(EndpointCircuitTest, ManyThatGoAwayOpenNoCircuit) {
  std::atomic<runtime::Scope::Time> until{};
  std::atomic<bool> answers{false};
  ScriptedHost host([&](const std::string&) {
    if (answers) return reply("yes");
    until = runtime::Scope::kUnheard;
    return std::string();
  });
  Endpoint endpoint(host.url(), {});
  for (int i = 0; i < 30; ++i) {
    until = Clock::now() + 1h;
    auto call = call_of();
    call.watched = &until;
    EXPECT_EQ(endpoint.call(call).status, MORTISE_CANCELLED);
  }
  EXPECT_EQ(endpoint.report().circuit, "closed");
  EXPECT_EQ(endpoint.report().failures, 0U);
  answers = true;
  EXPECT_EQ(endpoint.call(call_of()).text, "yes");
}

TEST(EndpointCircuitTest, AHostThatFailsIsLeftAloneAndTriedAgain) {
  std::atomic<bool> is_well{false};
  ScriptedHost host([&](const std::string&) { return is_well ? reply("well") : std::string(); });
  Endpoint endpoint(host.url(), {.requests = 4, .open_for = 200ms, .probes = 1});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(endpoint.call(call_of()).status, MORTISE_UNAVAILABLE);
  const auto asked = host.requests().size();
  EXPECT_EQ(endpoint.report().circuit, "open");
  EXPECT_THAT(endpoint.call(call_of()).text, AllOf(HasSubstr("not asked"), HasSubstr(host.url())));
  EXPECT_THAT(host.requests(), SizeIs(asked));
  is_well = true;
  std::optional<Answer> answer;
  const auto limit = Clock::now() + 20s;
  do {
    answer = endpoint.call(call_of());
    std::this_thread::yield();
  } while (answer->status != MORTISE_OK && Clock::now() < limit);
  EXPECT_EQ(answer->text, "well");
  EXPECT_EQ(endpoint.report().circuit, "closed");
}

TEST(EndpointCircuitTest, AHostThatIsOnlyStartingIsAskedMoreOften) {
  std::atomic<int> asked{0};
  ScriptedHost host([&asked](const std::string&) {
    return ++asked < 8 ? failure("503 Service Unavailable", "Mortise-Starting: 1\r\n", "") : reply("ready");
  });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "ready") << "nor has one arrived that is not idempotent";
  EXPECT_EQ(asked, 8);
  EXPECT_EQ(endpoint.report().circuit, "closed");
}

TEST(EndpointCircuitTest, ABalancerThatMissesOneOfItsHostsIsAskedOn) {
  std::atomic<bool> is_well{false};
  ScriptedHost host(
      [&is_well](const std::string&) { return is_well ? reply("well") : failure("502 Bad Gateway", "", ""); });
  Endpoint endpoint(host.url(), {});
  // As many as may be inside a host when that ends.
  for (int i = 0; i < 60; ++i) EXPECT_THAT(endpoint.call(call_of()).text, HasSubstr("it answered 502"));
  EXPECT_EQ(endpoint.report().circuit, "closed");
  EXPECT_EQ(endpoint.report().failures, 60U);
  is_well = true;
  EXPECT_EQ(endpoint.call(call_of()).text, "well");
  EXPECT_EQ(host.connections(), 1) << "with the balancer all is well";
}

TEST(EndpointCircuitTest, ConnectionsThatEndTogetherSayNothingOfWhoIsThereNow) {
  constexpr std::size_t kMany = 40;
  std::atomic<std::size_t> inside{0};
  std::atomic<bool> is_ended{false};
  // Answers when all are inside, so that each has a connection of its own; of the second round all are cut off.
  ScriptedHost host([&](const std::string&) {
    if (is_ended && inside == 2 * kMany) return reply("another");
    const auto until = ++inside > kMany ? 2 * kMany : kMany;
    for (auto seen = inside.load(); seen < until; seen = inside) inside.wait(seen);
    inside.notify_all();
    return is_ended ? std::string() : reply("yes");
  });
  Endpoint endpoint(host.url(), {});
  const auto call_at_once = [&] {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kMany; ++i) {
      threads.emplace_back([&] { static_cast<void>(endpoint.call(call_of())); });
    }
    for (auto& thread : threads) thread.join();
  };
  call_at_once();
  EXPECT_EQ(endpoint.report().failures, 0U);
  is_ended = true;
  call_at_once();
  EXPECT_EQ(endpoint.report().failures, kMany);
  EXPECT_EQ(endpoint.report().circuit, "closed");
  EXPECT_EQ(endpoint.call(call_of()).text, "another");
}

TEST(EndpointCircuitTest, WhoIsInAHurryDoesNotOpenTheCircuitForOthers) {
  std::atomic<bool> is_well{false};
  ScriptedHost host([&](const std::string&) {
    is_well.wait(false);
    return reply("well");
  });
  Endpoint endpoint(host.url(), {.requests = 4, .probes = 1});
  auto hurried = call_of();
  hurried.is_limited = true;
  for (int i = 0; i < 8; ++i) {
    hurried.deadline = Clock::now() + 5ms;
    const auto answer = endpoint.call(hurried);
    EXPECT_EQ(answer.status, MORTISE_DEADLINE_EXCEEDED);
    EXPECT_THAT(answer.text, HasSubstr("the time that its caller gives it"));
  }
  EXPECT_EQ(endpoint.report().circuit, "closed");
  EXPECT_EQ(endpoint.report().failures, 0U);
  is_well = true;
  is_well.notify_all();
  EXPECT_EQ(endpoint.call(call_of()).text, "well");
}

TEST(EndpointCircuitTest, AProbeThatIsInAHurryDecidesNothing) {
  std::atomic<bool> fails{true};
  std::atomic<bool> is_well{false};
  ScriptedHost host([&](const std::string&) {
    if (fails) return std::string();
    is_well.wait(false);
    return reply("well");
  });
  Endpoint endpoint(host.url(), {.requests = 1, .open_for = 1ms, .probes = 1});
  EXPECT_EQ(endpoint.call(call_of()).status, MORTISE_UNAVAILABLE);
  fails = false;
  auto hurried = call_of();
  hurried.is_limited = true;
  mortise_status status = MORTISE_UNAVAILABLE;
  while (status == MORTISE_UNAVAILABLE) {  // until the circuit has been open for as long as it is
    hurried.deadline = Clock::now() + 5ms;
    status = endpoint.call(hurried).status;
  }
  EXPECT_EQ(status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_EQ(endpoint.report().circuit, "half_open");
  is_well = true;
  is_well.notify_all();
  EXPECT_EQ(endpoint.call(call_of()).text, "well");
  EXPECT_EQ(endpoint.report().circuit, "closed");
}

}  // namespace
}  // namespace mortise::remote
