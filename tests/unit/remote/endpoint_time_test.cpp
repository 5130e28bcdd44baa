// How long a call of another host takes at most, whatever the other host does, and what the caller hears then.
#include <Poco/Net/ServerSocket.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <ostream>
#include <string>
#include <thread>

#include "call_of.hpp"
#include "remote/endpoint.hpp"
#include "scripted_host.hpp"
#include "silent_host.hpp"

namespace mortise::remote {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Clock = Connection::Clock;

// Answers have come as far as to their long part by the deadline, and take ten seconds in all.
constexpr auto kTrickle = 2ms;
constexpr auto kSoon = 500ms;
constexpr auto kFarTooLate = 4s;
constexpr std::size_t kShortPart = 150;
const std::string kMany(5000, 'x');

struct Trickled {
  const char* name;
  std::string answer;

  friend void PrintTo(const Trickled& what, std::ostream* out) { *out << what.name; }
};

class TricklingHostTest : public ::testing::TestWithParam<Trickled> {
 protected:
  ScriptedHost host_{[](const std::string&) { return GetParam().answer; }, kTrickle};
  Endpoint endpoint_{host_.url(), {}};
};

TEST_P(TricklingHostTest, GetsNoMoreTimeThanTheDeadline) {
  auto call = call_of(true);
  call.deadline = Clock::now() + kSoon;
  const auto answer = endpoint_.call(call);
  EXPECT_LT(Clock::now(), call.deadline + kFarTooLate);
  EXPECT_EQ(answer.status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_THAT(answer.text, HasSubstr("did not answer within the deadline"));
  EXPECT_THAT(host_.requests(), SizeIs(1)) << "who is late is not asked again";
}

TEST_P(TricklingHostTest, IsLeftWhenNobodyWaitsAnyMore) {
  const auto begun = Clock::now();
  std::atomic<runtime::Scope::Time> until{begun + 1h};
  std::thread client([&] {
    while (host_.written() < kShortPart && Clock::now() < begun + kFarTooLate) std::this_thread::yield();
    until = runtime::Scope::kUnheard;
  });
  auto call = call_of(true);
  call.deadline = until;
  call.watched = &until;
  const auto answer = endpoint_.call(call);
  EXPECT_LT(Clock::now(), begun + kFarTooLate);
  EXPECT_EQ(answer.status, MORTISE_CANCELLED);
  EXPECT_THAT(host_.requests(), SizeIs(1));
  client.join();
}

INSTANTIATE_TEST_SUITE_P(Part, TricklingHostTest,
                         ::testing::Values(Trickled{"Head", reply("yes", "X-Long: " + kMany + "\r\n")},
                                           Trickled{"Body", reply(kMany)},
                                           Trickled{"Chunk",
                                                    "HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\n"
                                                    "Transfer-Encoding: chunked\r\n\r\n1388\r\n" +
                                                        kMany + "\r\n0\r\n\r\n"}),
                         [](const auto& part) { return part.param.name; });

class SilentHostTest : public ::testing::Test {
 protected:
  Answer call(bool is_limited) {
    auto call = call_of(true);
    call.deadline = Clock::now() + 50ms;
    call.is_limited = is_limited;
    return endpoint_.call(call);
  }

  SilentHost host_;
  Endpoint endpoint_{"http://" + host_.address().toString(), {}};
};

TEST_F(SilentHostTest, WhatIsLateWhileConnectingHasNotArrived) {
  const auto answer = call(false);
  EXPECT_EQ(answer.status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_THAT(answer.text, HasSubstr("within the deadline"));
  EXPECT_FALSE(answer.has_arrived);
}

TEST_F(SilentHostTest, ItsMessageSaysWhoseLimitThatWas) {
  EXPECT_THAT(call(true).text, HasSubstr("within the time that its caller gives it"));
}

/// It takes connections, and no request.
class UnreadRequestTest : public ::testing::Test {
 protected:
  Poco::Net::ServerSocket host_{Poco::Net::SocketAddress("127.0.0.1", 0)};
  Endpoint endpoint_{"http://127.0.0.1:" + std::to_string(host_.address().port()), {}};
  const std::string request_ = std::string(std::size_t{64} << 20U, 'x');
};

TEST_F(UnreadRequestTest, IsGivenUpAtTheDeadline) {
  auto call = call_of(true);
  call.request = request_;
  call.deadline = Clock::now() + kSoon;
  EXPECT_EQ(endpoint_.call(call).status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_LT(Clock::now(), call.deadline + kFarTooLate);
}

TEST_F(UnreadRequestTest, AndWhenNobodyWaitsAnyMore) {
  const auto begun = Clock::now();
  std::atomic<runtime::Scope::Time> until{begun + 1h};
  std::thread client([&] {
    EXPECT_TRUE(host_.poll(Poco::Timespan(30, 0), Poco::Net::Socket::SELECT_READ)) << "nobody has connected";
    until = runtime::Scope::kUnheard;
  });
  auto call = call_of(true);
  call.request = request_;
  call.deadline = until;
  call.watched = &until;
  EXPECT_EQ(endpoint_.call(call).status, MORTISE_CANCELLED);
  EXPECT_LT(Clock::now(), begun + kFarTooLate);
  client.join();
}

}  // namespace
}  // namespace mortise::remote
