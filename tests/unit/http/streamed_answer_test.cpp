// Answers in pieces, with back-pressure, and what the handler learns of a client that leaves.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using namespace std::chrono_literals;

using testing::bytes;
using testing::Event;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::str;
using testing::TestPlugin;

class StreamedAnswerTest : public testing::EdgeTest {
 protected:
  StreamedAnswerTest() : test_(plugin()) {}

  mortise_status begin(mortise_http_exchange* exchange, std::string_view first = {}) {
    const auto head = TestPlugin::head(200, first);
    return test_.http().start(exchange, &head);
  }
  mortise_status write(mortise_http_exchange* exchange, std::string_view piece, std::uint32_t timeout_ms = 30000) {
    return test_.http().write(exchange, bytes(piece), timeout_ms);
  }
  mortise_status finish(mortise_http_exchange* exchange) { return test_.http().finish(exchange); }

  TestPlugin& test_;
};

TEST_F(StreamedAnswerTest, ComesInChunks) {
  start();
  publish(test_.on("GET", "/", [&](auto* exchange, const auto&) {
    EXPECT_EQ(begin(exchange, "first "), MORTISE_OK);
    EXPECT_EQ(write(exchange, ""), MORTISE_OK) << "which must not end it";
    EXPECT_EQ(write(exchange, "second"), MORTISE_OK);
    return finish(exchange);
  }));
  auto client = connect();
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read();
    EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
    EXPECT_EQ(answer.header("Content-Length"), "");
    EXPECT_EQ(answer.body, "first second");
  }
  const auto head = client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").read(true);
  EXPECT_EQ(head.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "first second");
}

TEST_F(StreamedAnswerTest, EndsWithTheConnectionInVersionOneDotZero) {
  start();
  publish(test_.on("GET", "/", [&](auto* exchange, const auto&) {
    begin(exchange);
    write(exchange, "hello");
    return finish(exchange);
  }));
  const auto answer = ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "");
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.body, "hello");
}

TEST_F(StreamedAnswerTest, HasNoBodyWhereTheStatusHasNone) {
  start();
  publish(test_.on("GET", "/", [&](auto* exchange, const auto&) {
    const auto head = TestPlugin::head(204);
    EXPECT_EQ(test_.http().start(exchange, &head), MORTISE_OK);
    write(exchange, "nothing");
    return finish(exchange);
  }));
  auto client = connect();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").read();
    EXPECT_EQ(answer.status, 204U);
    EXPECT_THAT(answer.head, Not(HasSubstr("Transfer-Encoding")));
  }
}

TEST_F(StreamedAnswerTest, ArrivesPieceByPiece) {
  start();
  Event has_first;
  publish(test_.on(
      "GET", "/",
      [&](auto* exchange, const auto&) {
        begin(exchange, "first");
        EXPECT_TRUE(has_first.wait());
        write(exchange, "second");
        return finish(exchange);
      },
      MORTISE_HTTP_ROUTE_BLOCKING));
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").take_through("first\r\n");
  has_first.set();
  EXPECT_EQ(client.take_through("0\r\n\r\n"), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST_F(StreamedAnswerTest, RefusesWhatDoesNotFitItsState) {
  start();
  publish(test_.on("GET", "/", [&](auto* exchange, const auto&) {
    EXPECT_EQ(test_.http().on_close(
                  exchange, [](void*) {}, nullptr),
              MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(begin(exchange), MORTISE_OK);
    EXPECT_EQ(begin(exchange), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(test_.respond(exchange, "late"), MORTISE_FAILED_PRECONDITION);
    std::uint8_t byte = 0;
    std::uint64_t size = 0;
    EXPECT_EQ(test_.http().read_body(exchange, &byte, 1, &size), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(write(exchange, "ok"), MORTISE_OK);
    EXPECT_EQ(finish(exchange), MORTISE_OK);
    EXPECT_EQ(finish(exchange), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(write(exchange, "late"), MORTISE_FAILED_PRECONDITION);
    return MORTISE_OK;
  }));
  EXPECT_EQ(get("/").body, "ok");
}

TEST_F(StreamedAnswerTest, IsCutWhenTheHandlerLeavesItUnfinished) {
  start();
  test_.on("GET", "/leaves", [&](auto* exchange, const auto&) { return begin(exchange, "part"); });
  test_.on("GET", "/fails", [&](auto* exchange, const auto&) {
    begin(exchange, "part");
    return MORTISE_INTERNAL;
  });
  test_.on("GET", "/aborts", [&](auto* exchange, const auto&) {
    begin(exchange, "part");
    test_.http().abort(exchange);
    return MORTISE_OK;
  });
  publish(test_);
  for (const auto* path : {"/leaves", "/fails", "/aborts"}) {
    auto client = connect();
    client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), Not(HasSubstr("\r\n0\r\n\r\n"))) << path;
  }
}

TEST_F(StreamedAnswerTest, WaitsForASlowReader) {
  start();
  constexpr std::size_t kPieces = 400;
  const std::string piece(50000, 'x');
  Event is_full;
  publish(test_.on(
      "GET", "/",
      [&](auto* exchange, const auto&) {
        begin(exchange);
        std::size_t written = 0;
        auto last = MORTISE_OK;
        while (written < kPieces && (last = write(exchange, piece, 300)) == MORTISE_OK) ++written;
        EXPECT_LT(written, kPieces) << "nobody has read";
        EXPECT_EQ(last, MORTISE_RESOURCE_EXHAUSTED);
        is_full.set();
        for (; written < kPieces; ++written) {
          if (write(exchange, piece) != MORTISE_OK) return MORTISE_CANCELLED;
        }
        return finish(exchange);
      },
      MORTISE_HTTP_ROUTE_BLOCKING));
  testing::Client client(port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(is_full.wait());
  EXPECT_EQ(client.read().body.size(), kPieces * piece.size());
}

TEST_F(StreamedAnswerTest, TellsTheWriterThatTheClientIsGone) {
  start();
  Event is_cancelled;
  publish(test_.on(
      "GET", "/",
      [&](auto* exchange, const auto&) {
        begin(exchange);
        const std::string piece(50000, 'x');
        while (write(exchange, piece) == MORTISE_OK) {
        }
        EXPECT_EQ(write(exchange, piece), MORTISE_CANCELLED);
        EXPECT_EQ(finish(exchange), MORTISE_CANCELLED);
        is_cancelled.set();
        return MORTISE_OK;
      },
      MORTISE_HTTP_ROUTE_BLOCKING));
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").take(100000);
  client.close();
  EXPECT_TRUE(is_cancelled.wait());
}

TEST_F(StreamedAnswerTest, TellsTheWriterThatTheClientStalls) {
  ServerSettings settings;
  settings.write_timeout = 300ms;
  start(std::move(settings));
  Event is_cancelled;
  publish(test_.on(
      "GET", "/",
      [&](auto* exchange, const auto&) {
        begin(exchange);
        const std::string piece(50000, 'x');
        while (write(exchange, piece) == MORTISE_OK) {
        }
        if (finish(exchange) == MORTISE_CANCELLED) is_cancelled.set();
        return MORTISE_OK;
      },
      MORTISE_HTTP_ROUTE_BLOCKING));
  testing::Client client(port(), 4096);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(is_cancelled.wait());
}

TEST_F(StreamedAnswerTest, ServerSentEventsFlowUntilTheClientLeaves) {
  start();
  std::atomic<int> closed{0};
  Event is_told;
  mortise_http_exchange* stream = nullptr;
  Event is_open;
  struct Told {
    std::atomic<int>& closed;
    Event& is_told;
  } told{closed, is_told};
  publish(test_.on("GET", "/events", [&](auto* exchange, const auto&) {
    test_.http().defer(exchange);
    const mortise_http_field type{str("Content-Type"), str("text/event-stream")};
    auto head = TestPlugin::head(200);
    head.headers = &type;
    head.header_count = 1;
    EXPECT_EQ(test_.http().start(exchange, &head), MORTISE_OK);
    const auto on_close = [](void* self) {
      ++static_cast<Told*>(self)->closed;
      static_cast<Told*>(self)->is_told.set();
    };
    EXPECT_EQ(test_.http().on_close(exchange, on_close, &told), MORTISE_OK);
    stream = exchange;
    is_open.set();
    return MORTISE_OK;
  }));
  auto client = connect();
  client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.take_through("\r\n\r\n"), HasSubstr("Content-Type: text/event-stream\r\n"));
  ASSERT_TRUE(is_open.wait());
  for (const auto* event : {"data: 1\n\n", "data: 2\n\n"}) {
    EXPECT_EQ(write(stream, event), MORTISE_OK);
    EXPECT_EQ(client.take(14), std::string("9\r\n") + event + "\r\n");
  }
  client.close();
  ASSERT_TRUE(is_told.wait());
  EXPECT_EQ(write(stream, "data: 3\n\n"), MORTISE_CANCELLED);
  EXPECT_EQ(finish(stream), MORTISE_CANCELLED);
  EXPECT_EQ(closed, 1);
}

}  // namespace
}  // namespace mortise::http
