#include <optional>
#include <vector>

#include "answer_fixture.hpp"

namespace mortise {
namespace {

using sdk_testing::FakeExchange;

class ResponseTest : public sdk_testing::AnswerTest {};

TEST_F(ResponseTest, SendsTextWithItsType) {
  answer([](const Request&, Response& res) { EXPECT_TRUE(res.text("hello")); });
  EXPECT_EQ(exchange_.status, 200U);
  EXPECT_EQ(exchange_.sent, "hello");
  EXPECT_EQ(exchange_.headers, (std::map<std::string, std::string>{{"Content-Type", "text/plain; charset=utf-8"}}));
  EXPECT_EQ(exchange_.handler_status, MORTISE_OK);
}

TEST_F(ResponseTest, SendsStatusAndHeaders) {
  answer([](const Request&, Response& res) { res.status(201).header("Location", "/7").header("A", "b").json({1, 2}); });
  EXPECT_EQ(exchange_.status, 201U);
  EXPECT_EQ(exchange_.sent, "[1,2]");
  EXPECT_EQ(exchange_.headers,
            (std::map<std::string, std::string>{{"Location", "/7"}, {"A", "b"}, {"Content-Type", "application/json"}}));
}

TEST_F(ResponseTest, LetsTheHandlerSetTheContentType) {
  answer([](const Request&, Response& res) { res.header("content-type", "application/problem+json").json({}); });
  EXPECT_EQ(exchange_.headers, (std::map<std::string, std::string>{{"content-type", "application/problem+json"}}));
}

TEST_F(ResponseTest, SendsNoTypeWithoutABody) {
  answer([](const Request&, Response& res) { res.no_content(); });
  EXPECT_EQ(exchange_.status, 204U);
  EXPECT_TRUE(exchange_.headers.empty());
}

TEST_F(ResponseTest, Redirects) {
  answer([](const Request&, Response& res) { res.redirect("/there"); });
  EXPECT_EQ(exchange_.status, 303U);
  EXPECT_EQ(exchange_.headers, (std::map<std::string, std::string>{{"Location", "/there"}}));
}

TEST_F(ResponseTest, ReplacesWhatIsNoUtf8InJson) {
  answer([](const Request&, Response& res) { res.json({{"name", "a\xff\x62"}}); });
  EXPECT_EQ(exchange_.sent, "{\"name\":\"a\xef\xbf\xbd\x62\"}");
}

TEST_F(ResponseTest, RefusesASecondAnswer) {
  answer([](const Request&, Response& res) {
    res.text("one");
    res.text("two");
  });
  EXPECT_EQ(exchange_.sent, "one");
  EXPECT_EQ(exchange_.handler_status, MORTISE_INTERNAL);
  EXPECT_EQ(exchange_.handler_message, "the request was answered already");
}

TEST_F(ResponseTest, TakesABadHeaderForThePluginsFaultAndCanStillAnswer) {
  answer([](const Request&, Response& res) { res.redirect("/a\r\nSet-Cookie: b"); });
  EXPECT_EQ(exchange_.handler_status, MORTISE_INTERNAL);
  EXPECT_EQ(exchange_.handler_message.substr(0, 22), "the answer was refused");
  EXPECT_EQ(exchange_.ended_by, "");
}

TEST_F(ResponseTest, RefusesAStatusThatIsNone) {
  answer([](const Request&, Response& res) { res.status(99).text(""); });
  EXPECT_EQ(exchange_.handler_status, MORTISE_INTERNAL);
}

TEST_F(ResponseTest, TellsThatTheClientIsGoneWithoutThrowing) {
  exchange_.is_gone = true;
  answer([](const Request&, Response& res) { EXPECT_FALSE(res.text("late")); });
  EXPECT_EQ(exchange_.handler_status, MORTISE_OK);
}

TEST_F(ResponseTest, CarriesWhatTheHandlerThrows) {
  answer([](const Request&, Response&) { throw Error(Status::permission_denied, "not yours"); });
  EXPECT_EQ(exchange_.handler_status, MORTISE_PERMISSION_DENIED);
  EXPECT_EQ(exchange_.handler_message, "not yours");
}

TEST_F(ResponseTest, CannotBeUsedAfterItWasDeferred) {
  answer([](const Request&, Response& res) {
    auto later = res.defer();
    EXPECT_THROW(res.text("now"), Error);
    EXPECT_THROW(static_cast<void>(res.defer()), Error);
    EXPECT_THROW(static_cast<void>(res.stream("text/plain")), Error);
    later.text("later");
  });
  EXPECT_EQ(exchange_.sent, "later");
  EXPECT_TRUE(exchange_.misuses.empty());
}

TEST_F(ResponseTest, CannotBeDeferredAfterItWasSent) {
  answer([](const Request&, Response& res) {
    res.text("now");
    static_cast<void>(res.defer());
  });
  EXPECT_EQ(exchange_.ended_by, "respond");
  EXPECT_EQ(exchange_.handler_message, "the request was answered already");
}

class DeferredTest : public ResponseTest {
 protected:
  Deferred defer() {
    std::optional<Deferred> later;
    answer([&](const Request&, Response& res) { later.emplace(res.header("X-Kept", "yes").defer()); });
    return *std::move(later);
  }
};

TEST_F(DeferredTest, AnswersAfterTheHandlerHasReturned) {
  auto later = defer();
  EXPECT_TRUE(exchange_.is_deferred);
  EXPECT_EQ(exchange_.ended_by, "");
  EXPECT_TRUE(later.status(202).json({{"done", true}}));
  EXPECT_EQ(exchange_.status, 202U);
  EXPECT_EQ(exchange_.headers["X-Kept"], "yes");
  EXPECT_EQ(exchange_.sent, R"({"done":true})");
}

TEST_F(DeferredTest, DroppedUnansweredEndsTheExchange) {
  { const auto later = defer(); }
  EXPECT_EQ(exchange_.ended_by, "abort");
}

TEST_F(DeferredTest, EndsWhatItHeldWhenAnotherIsAssigned) {
  FakeExchange second;
  std::vector<Deferred> waiting;
  http_.get("/", [&](const Request&, Response& res) { waiting.push_back(res.defer()); });
  host_.call(exchange_);
  host_.call(second);
  waiting.erase(waiting.begin());
  EXPECT_EQ(exchange_.ended_by, "abort");
  EXPECT_EQ(second.ended_by, "");
  waiting.front().text("second");
  EXPECT_EQ(second.sent, "second");
}

TEST_F(DeferredTest, RefusesASecondAnswerWithoutAskingTheHost) {
  auto later = defer();
  later.text("one");
  EXPECT_THROW(later.text("two"), Error);
  EXPECT_THROW(static_cast<void>(later.stream("text/plain")), Error);
  EXPECT_TRUE(exchange_.misuses.empty());
}

TEST_F(DeferredTest, StaysOpenAfterARefusedHeader) {
  auto later = defer();
  later.header("A", "b\r\nc");
  EXPECT_THROW(later.text("x"), Error);
  EXPECT_EQ(exchange_.ended_by, "");
}

TEST_F(DeferredTest, TellsThatTheClientIsGone) {
  auto later = defer();
  exchange_.is_gone = true;
  EXPECT_FALSE(later.text("late"));
}

TEST_F(DeferredTest, IsAnsweredWithAFailureWhenTheHandlerThrows) {
  answer([](const Request&, Response& res) {
    const auto later = res.defer();
    throw Error(Status::not_found, "none");
  });
  EXPECT_EQ(exchange_.ended_by, "abort");
  EXPECT_EQ(exchange_.handler_status, MORTISE_NOT_FOUND);
}

}  // namespace
}  // namespace mortise
