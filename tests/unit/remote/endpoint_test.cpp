// Calls to another host: what arrives there, what comes back, and what is made again.
#include "remote/endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "call_of.hpp"
#include "scripted_host.hpp"

namespace mortise::remote {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Clock = Connection::Clock;

TEST(EndpointTest, CarriesRequestAndReply) {
  ScriptedHost host([](const std::string&) { return reply(std::string("re\0ply", 6)); });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_OK);
  EXPECT_EQ(answer.text, std::string("re\0ply", 6));
  ASSERT_THAT(host.requests(), SizeIs(1));
  EXPECT_THAT(host.requests().front(),
              AllOf(HasSubstr("POST /contracts/shop.prices/1/price HTTP/1.1\r\n"),
                    HasSubstr("Content-Type: application/mortise-call\r\n"), HasSubstr("X-Request-Id: r-17\r\n"),
                    HasSubstr("Mortise-Deadline-Ms: "), HasSubstr("\r\n\r\nrequest")));
}

TEST(EndpointTest, AHostMayHaveAName) {
  ScriptedHost host([](const std::string&) { return reply("yes"); });
  Endpoint endpoint("http://localhost:" + std::to_string(host.port()), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "yes");
  EXPECT_THAT(host.requests().front(), HasSubstr("\r\nHost: localhost:" + std::to_string(host.port()) + "\r\n"));
}

TEST(EndpointTest, CarriesTheTrace) {
  ScriptedHost host([](const std::string&) { return reply(""); });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).status, MORTISE_OK);
  auto call = call_of();
  const telemetry::TraceContext trace{"00-trace-span-01", "a=b"};
  call.trace = &trace;
  EXPECT_EQ(endpoint.call(call).status, MORTISE_OK);
  EXPECT_THAT(host.requests().front(), AllOf(Not(HasSubstr("traceparent")), Not(HasSubstr("tracestate"))));
  EXPECT_THAT(host.requests().back(),
              AllOf(HasSubstr("traceparent: 00-trace-span-01\r\n"), HasSubstr("tracestate: a=b\r\n")));
}

TEST(EndpointTest, SaysNoDeadlineWhereThereIsNone) {
  ScriptedHost host([](const std::string&) { return reply(""); });
  Endpoint endpoint(host.url(), {});
  auto call = call_of();
  call.deadline = Clock::time_point::max();
  EXPECT_EQ(endpoint.call(call).status, MORTISE_OK);
  EXPECT_THAT(host.requests().front(), Not(HasSubstr("Mortise-Deadline-Ms")));
}

TEST(EndpointTest, KeepsItsConnection) {
  ScriptedHost host([](const std::string&) { return reply("yes"); });
  Endpoint endpoint(host.url(), {});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(endpoint.call(call_of()).text, "yes");
  EXPECT_EQ(host.connections(), 1);
  EXPECT_EQ(endpoint.report().calls, 10U);
}

TEST(EndpointTest, ReadsAReplyInChunks) {
  ScriptedHost host([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "onetwo");
}

TEST(EndpointTest, ReadsChunksBeforeTheEndOfTheirConnection) {
  ScriptedHost host([](const std::string&) {
    return std::string(
        "HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\nTransfer-Encoding: chunked\r\n"
        "Connection: Close\r\n\r\n3\r\none\r\n0\r\n\r\n");
  });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "one");
}

/// Where a reply in chunks ends, as its host does.
class CutReplyTest : public ::testing::TestWithParam<const char*> {
 protected:
  static std::string cut() {
    return std::string("HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\nConnection: Close\r\n") +
           "Transfer-Encoding: chunked\r\n\r\n" + GetParam();
  }
};

TEST_P(CutReplyTest, IsNoReply) {
  ScriptedHost host([](const std::string&) { return cut(); });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(answer.text, HasSubstr("the connection ended within its answer"));
  EXPECT_TRUE(answer.has_arrived);
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST_P(CutReplyTest, IsAskedForAgainWhereTheCallIsIdempotent) {
  std::atomic<int> asked{0};
  ScriptedHost host([&asked](const std::string&) { return asked++ == 0 ? cut() : reply("whole"); });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of(true)).text, "whole");
}

INSTANTIATE_TEST_SUITE_P(Chunks, CutReplyTest,
                         ::testing::Values("", "3", "3\r\n", "3\r\non", "3\r\none", "3\r\none\r\n", "3\r\none\r\n0",
                                           "3\r\none\r\n0\r\n"));

TEST(EndpointTest, PassesOnThePluginsFailure) {
  ScriptedHost host([](const std::string&) {
    return failure("404 Not Found",
                   "Mortise-Status: not_found\r\nMortise-Context: prices 1.0.0%3A shop.prices/1 price\r\n",
                   R"({"status": 404, "detail": "no price of 'moon'"})");
  });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of(true));
  EXPECT_EQ(answer.status, MORTISE_NOT_FOUND);
  EXPECT_EQ(answer.text, "no price of 'moon'");
  EXPECT_EQ(answer.context, "prices 1.0.0: shop.prices/1 price");
  EXPECT_THAT(host.requests(), SizeIs(1)) << "an answer is an answer";
  EXPECT_EQ(endpoint.report().failures, 0U);
}

TEST(EndpointTest, AContractThatIsNotExposedIsSaidSo) {
  ScriptedHost host([](const std::string&) { return failure("404 Not Found", "", "nothing here"); });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNIMPLEMENTED);
  EXPECT_THAT(answer.text, HasSubstr("does not expose"));
}

TEST(EndpointTest, AContractOfAnotherFormIsSaidSo) {
  ScriptedHost host([](const std::string&) {
    return failure("400 Bad Request", "", R"({"detail": "the body is no call of this method"})");
  });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of(true));
  EXPECT_EQ(answer.status, MORTISE_FAILED_PRECONDITION);
  EXPECT_THAT(answer.text, AllOf(HasSubstr("no call of this method"), HasSubstr("another form")));
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST(EndpointTest, AHostThatIsNotThereIsNamed) {
  std::string url;
  {
    const ScriptedHost gone([](const std::string&) { return reply(""); });
    url = gone.url();
  }
  Endpoint endpoint(url, {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(answer.text, AllOf(HasSubstr(url), HasSubstr("refused")));
  EXPECT_FALSE(answer.has_arrived);
  EXPECT_EQ(endpoint.report().retries, 2U) << "what has not arrived may be sent again";
  EXPECT_THAT(endpoint.report().trouble, HasSubstr("refused"));
}

/// Closes the connection of the first requests without an answer.
Script deaf_to(int count) {
  return [left = std::make_shared<std::atomic<int>>(count)](const std::string&) {
    return left->fetch_sub(1) > 0 ? std::string() : reply("at last");
  };
}

TEST(EndpointTest, WhatMayHaveArrivedIsNotMadeAgain) {
  ScriptedHost host(deaf_to(1));
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_TRUE(answer.has_arrived) << "for all that is known";
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST(EndpointTest, AnIdempotentCallIsMadeAgainTwice) {
  ScriptedHost host(deaf_to(2));
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of(true)).text, "at last");
  EXPECT_THAT(host.requests(), SizeIs(3));
  EXPECT_EQ(endpoint.report().retries, 2U);
  EXPECT_THAT(endpoint.report().trouble, IsEmpty());
}

TEST(EndpointTest, AndNoMore) {
  ScriptedHost host(deaf_to(3));
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of(true)).status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(host.requests(), SizeIs(3));
}

TEST(EndpointTest, AHostThatIsFullIsAskedAgain) {
  std::atomic<int> asked{0};
  ScriptedHost host([&asked](const std::string&) {
    return asked++ == 0 ? failure("503 Service Unavailable", "Mortise-Not-Begun: 1\r\n", "") : reply("room");
  });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "room");
}

TEST(EndpointTest, AHostThatStaysFullHasNotBegunIt) {
  ScriptedHost host([](const std::string&) {
    return failure("503 Service Unavailable", "Mortise-Not-Begun: 1\r\n", R"({"detail": "no place became free"})");
  });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(answer.text, AllOf(HasSubstr("no place became free"), Not(HasSubstr("carried out"))));
  EXPECT_FALSE(answer.has_arrived);
  EXPECT_THAT(host.requests(), SizeIs(3));
}

/// As balancers do when a host has ended with the call inside.
class BalancersAnswerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BalancersAnswerTest, HasACallThatIsNotIdempotentMadeOnce) {
  ScriptedHost host([](const std::string&) { return failure(GetParam(), "Retry-After: 1\r\n", ""); });
  Endpoint endpoint(host.url(), {});
  const auto answer = endpoint.call(call_of());
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(answer.text, AllOf(HasSubstr(std::string("it answered ") + GetParam()), HasSubstr("carried out"),
                                 HasSubstr("does not say that it is idempotent")));
  EXPECT_TRUE(answer.has_arrived) << "for all that is known";
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST_P(BalancersAnswerTest, HasAnIdempotentOneMadeAgain) {
  std::atomic<int> asked{0};
  ScriptedHost host(
      [&asked](const std::string&) { return asked++ == 0 ? failure(GetParam(), "", "") : reply("another"); });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of(true)).text, "another");
}

INSTANTIATE_TEST_SUITE_P(Status, BalancersAnswerTest,
                         ::testing::Values("503 Service Unavailable", "502 Bad Gateway", "429 Too Many Requests"),
                         [](const auto& status) { return "Is" + std::string(status.param).substr(0, 3); });

TEST(EndpointTest, AConnectionThatTheHostWantsClosedIsNotKept) {
  ScriptedHost host([](const std::string&) { return reply("yes", "Connection: Close\r\n"); });
  Endpoint endpoint(host.url(), {});
  EXPECT_EQ(endpoint.call(call_of()).text, "yes");
  EXPECT_EQ(endpoint.call(call_of()).text, "yes") << "although it may not be made again";
  EXPECT_EQ(host.connections(), 2);
}

TEST(ConnectionTest, IsNotFreshOnceTheOtherSideHasClosedIt) {
  std::unique_ptr<Connection> connection;
  {
    ScriptedHost host([](const std::string&) { return reply("yes"); });
    auto opened = Connection::open("127.0.0.1", host.port(), Clock::now() + 30s);
    ASSERT_TRUE(opened) << opened.error().message;
    connection = std::move(*opened);
    EXPECT_EQ(connection->carry(call_of()).answer.text, "yes");
    EXPECT_TRUE(connection->is_whole());
    EXPECT_TRUE(connection->is_fresh());
  }
  EXPECT_FALSE(connection->is_fresh());
}

TEST(EndpointTest, WaitsUntilTheDeadline) {
  std::atomic<bool> is_over{false};
  ScriptedHost host([&](const std::string&) {
    is_over.wait(false);
    return reply("late");
  });
  Endpoint endpoint(host.url(), {});
  auto call = call_of(true);
  call.deadline = Clock::now() + 50ms;
  const auto answer = endpoint.call(call);
  EXPECT_EQ(answer.status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_GE(Clock::now(), call.deadline);
  EXPECT_THAT(host.requests(), SizeIs(1)) << "who is late is not asked again";
  is_over = true;
  is_over.notify_all();
}

TEST(EndpointTest, GivesUpWhenNobodyWaitsAnyMore) {
  std::atomic<runtime::Scope::Time> until{Clock::now() + 1h};
  std::atomic<bool> is_over{false};
  // The client goes when the call is there.
  ScriptedHost host([&](const std::string&) {
    until = runtime::Scope::kUnheard;
    is_over.wait(false);
    return reply("late");
  });
  Endpoint endpoint(host.url(), {});
  auto call = call_of(true);
  call.deadline = until;
  call.watched = &until;
  const auto answer = endpoint.call(call);
  EXPECT_EQ(answer.status, MORTISE_CANCELLED);
  EXPECT_THAT(answer.text, AllOf(HasSubstr(host.url()), HasSubstr("the client of the request has gone")));
  EXPECT_EQ(endpoint.call(call).status, MORTISE_CANCELLED);
  EXPECT_THAT(host.requests(), SizeIs(1)) << "what comes next is not even sent";
  const auto report = endpoint.report();
  EXPECT_EQ(report.calls, 1U);
  EXPECT_EQ(report.retries, 0U);
  EXPECT_EQ(report.failures, 0U);
  is_over = true;
  is_over.notify_all();
}

TEST(EndpointTest, WhatIsLateAlreadyIsNotSent) {
  ScriptedHost host([](const std::string&) { return reply("yes"); });
  Endpoint endpoint(host.url(), {});
  auto call = call_of(true);
  call.deadline = Clock::now();
  const auto answer = endpoint.call(call);
  EXPECT_EQ(answer.status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_FALSE(answer.has_arrived);
  EXPECT_THAT(host.requests(), IsEmpty());
}

TEST(EndpointTest, AnAnswerThatStopsInTheMiddleIsWaitedForUntilTheDeadline) {
  ScriptedHost host([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Type: application/mortise-call\r\nContent-Length: 9\r\n\r\npart");
  });
  Endpoint endpoint(host.url(), {});
  auto call = call_of(true);
  call.deadline = Clock::now() + 50ms;
  EXPECT_EQ(endpoint.call(call).status, MORTISE_DEADLINE_EXCEEDED);
  EXPECT_THAT(host.requests(), SizeIs(1));
}

TEST(EndpointTest, AnAnswerThatIsTooLargeIsRefused) {
  ScriptedHost host([](const std::string&) { return reply(std::string(2000, 'x')); });
  Endpoint endpoint(host.url(), {});
  auto call = call_of();
  call.most_reply_bytes = 1000;
  const auto answer = endpoint.call(call);
  EXPECT_EQ(answer.status, MORTISE_UNAVAILABLE);
  EXPECT_THAT(answer.text, HasSubstr("arena_max_bytes"));
}

TEST(EndpointTest, ManyThreadsHaveTheirOwnAnswers) {
  ScriptedHost host([](const std::string& request) { return reply(request.substr(request.find("\r\n\r\n") + 4)); });
  Endpoint endpoint(host.url(), {});
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&endpoint, t] {
      for (int i = 0; i < 50; ++i) {
        const auto text = std::to_string(t) + "-" + std::to_string(i);
        auto call = call_of();
        call.request = text;
        EXPECT_EQ(endpoint.call(call).text, text);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LE(host.connections(), 8);
}

}  // namespace
}  // namespace mortise::remote
