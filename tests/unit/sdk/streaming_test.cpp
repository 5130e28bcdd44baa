#include <chrono>
#include <optional>
#include <stdexcept>

#include "answer_fixture.hpp"

namespace mortise {
namespace {

using namespace std::chrono_literals;

class StreamTest : public sdk_testing::AnswerTest {};

TEST_F(StreamTest, SendsHeadAndPieces) {
  answer([](const Request&, Response& res) {
    auto stream = res.status(206).header("A", "b").stream("text/csv");
    stream.write("1,");
    stream.write("2\n", 10ms);
    EXPECT_TRUE(stream.finish());
  });
  EXPECT_EQ(exchange_.status, 206U);
  EXPECT_EQ(exchange_.headers, (std::map<std::string, std::string>{{"A", "b"}, {"Content-Type", "text/csv"}}));
  EXPECT_EQ(exchange_.sent, "1,2\n");
  EXPECT_EQ(exchange_.last_timeout_ms, 10U);
  EXPECT_EQ(exchange_.ended_by, "finish");
}

TEST_F(StreamTest, DroppedUnfinishedCutsTheAnswer) {
  answer([](const Request&, Response& res) { res.stream("text/plain").write("half"); });
  EXPECT_EQ(exchange_.ended_by, "abort");
}

TEST_F(StreamTest, IsCutWhenTheHandlerThrows) {
  answer([](const Request&, Response& res) {
    auto stream = res.stream("text/plain");
    throw std::runtime_error("out of data");
  });
  EXPECT_EQ(exchange_.ended_by, "abort");
  EXPECT_EQ(exchange_.handler_message, "out of data");
}

TEST_F(StreamTest, GoesOnAfterTheHandlerHasReturned) {
  std::optional<Stream> kept;
  answer([&](const Request&, Response& res) { kept.emplace(res.stream("text/plain")); });
  EXPECT_TRUE(exchange_.is_deferred);
  kept->write("more");
  kept->finish();
  EXPECT_EQ(exchange_.sent, "more");
  EXPECT_EQ(exchange_.ended_by, "finish");
}

TEST_F(StreamTest, RefusesToWriteAfterItsEnd) {
  answer([](const Request&, Response& res) {
    auto stream = res.stream("text/plain");
    stream.finish();
    EXPECT_THROW(stream.write("more"), Error);
    EXPECT_THROW(stream.finish(), Error);
  });
  EXPECT_TRUE(exchange_.misuses.empty());
}

TEST_F(StreamTest, ThrowsWhenTheClientIsGoneOrTooSlow) {
  answer([this](const Request&, Response& res) {
    auto stream = res.stream("text/plain");
    exchange_.is_full = true;
    try {
      stream.write("x", 1h * 24 * 365);
      ADD_FAILURE() << "did not throw";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), Status::resource_exhausted);
    }
    EXPECT_EQ(exchange_.last_timeout_ms, UINT32_MAX);  // no year fits
    exchange_.is_gone = true;
    stream.write("x");
  });
  EXPECT_EQ(exchange_.handler_status, MORTISE_CANCELLED);
  EXPECT_EQ(exchange_.ended_by, "abort");
}

TEST_F(StreamTest, LeavesTheAnswerFreshWhenItsHeadIsRefused) {
  answer([](const Request&, Response& res) { static_cast<void>(res.header("A", "\n").stream("text/plain")); });
  EXPECT_FALSE(exchange_.is_deferred);
  EXPECT_EQ(exchange_.ended_by, "");
  EXPECT_EQ(exchange_.handler_status, MORTISE_INTERNAL);
}

TEST_F(StreamTest, FollowsADeferredAnswer) {
  std::optional<Deferred> later;
  answer([&](const Request&, Response& res) { later.emplace(res.defer()); });
  auto stream = later->stream("text/plain");
  later.reset();
  stream.write("a");
  stream.finish();
  EXPECT_EQ(exchange_.sent, "a");
  EXPECT_EQ(exchange_.ended_by, "finish");
  EXPECT_TRUE(exchange_.misuses.empty());
}

}  // namespace
}  // namespace mortise
