#include "http/request_parser.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parse_request.hpp"

namespace mortise::http {
namespace {

using State = RequestParser::State;
using testing::Parsed;

/// Parses it whole and byte by byte, which must agree.
Parsed parse(std::string_view bytes, std::uint32_t max_header_bytes = 16384, std::uint64_t body_limit = 1048576) {
  const auto whole = testing::parse_whole(bytes, max_header_bytes, body_limit);
  EXPECT_EQ(whole, testing::parse_bytewise(bytes, max_header_bytes, body_limit)) << bytes;
  return whole;
}

/// A request with these lines between its request line and its end.
Parsed parse_with(const std::string& lines, const std::string& body = "") {
  return parse("POST /a HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body);
}

TEST(RequestParser, GivesTheHeadAsItWasSent) {
  const auto parsed = parse(
      "GET /notes/a%20b?page=2&q=%3F HTTP/1.1\r\nHost: example.org\r\nX-Two:  spaces around\t \r\nEmpty:\r\n\r\nNEXT");
  ASSERT_EQ(parsed.state, State::done);
  EXPECT_EQ(parsed.method, "GET");
  EXPECT_EQ(parsed.target, "/notes/a%20b?page=2&q=%3F");
  EXPECT_EQ(parsed.path, "/notes/a%20b");
  EXPECT_EQ(parsed.query, "page=2&q=%3F");
  EXPECT_EQ(parsed.headers, "Host: example.org\nX-Two: spaces around\nEmpty: \n");
  EXPECT_TRUE(parsed.keep_alive);
  EXPECT_FALSE(parsed.has_body);
  EXPECT_EQ(parsed.used, std::string("GET /notes/a%20b?page=2&q=%3F HTTP/1.1\r\nHost: example.org\r\n"
                                     "X-Two:  spaces around\t \r\nEmpty:\r\n\r\n")
                             .size());
}

TEST(RequestParser, TakesTargetsInAbsoluteForm) {
  EXPECT_EQ(parse("GET http://example.org/a?b HTTP/1.1\r\nHost: x\r\n\r\n").path, "/a");
  EXPECT_EQ(parse("GET HTTPS://example.org/a?b HTTP/1.1\r\nHost: x\r\n\r\n").query, "b");
  EXPECT_EQ(parse("GET http://example.org HTTP/1.1\r\nHost: x\r\n\r\n").path, "/");
  EXPECT_EQ(parse("GET http://example.org?b HTTP/1.1\r\nHost: x\r\n\r\n").query, "b");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").path, "*");
}

TEST(RequestParser, RefusesTargetsThatAreNoPath) {
  for (const auto* target : {"a", "ftp://example.org/a", "example.org:443", "?a", "*a", "http:/a"}) {
    EXPECT_EQ(parse(std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n").refused_with, 400U) << target;
  }
}

TEST(RequestParser, KeepsAliveAsTheVersionAndTheClientSay) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n").keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}

TEST(RequestParser, TakesOnlyIdsThatAreFitForALog) {
  EXPECT_EQ(parse_with("x-request-id: abc-1_2.Z\r\n").request_id, "abc-1_2.Z");
  for (const auto* id : {"", "a b", "a\"b", "a\\u0041", "<a>"}) {
    EXPECT_EQ(parse_with(std::string("X-Request-Id: ") + id + "\r\n").request_id, "") << id;
  }
  EXPECT_EQ(parse_with("X-Request-Id: " + std::string(129, 'a') + "\r\n").request_id, "");
}

TEST(RequestParser, ReadsABodyOfAKnownLength) {
  const auto parsed = parse_with("Content-Length: 5\r\n", "helloGET");
  ASSERT_EQ(parsed.state, State::done);
  EXPECT_EQ(parsed.body, "hello");
  EXPECT_EQ(parsed.used, std::string("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello").size());
  EXPECT_FALSE(parse_with("Content-Length: 0\r\n").has_body);
  EXPECT_FALSE(parse_with("").has_body);
}

TEST(RequestParser, HeedsExpectationsOfVersionOneDotOneAlone) {
  EXPECT_TRUE(parse_with("Content-Length: 1\r\nExpect: 100-Continue\r\n", "a").expects_continue);
  EXPECT_FALSE(parse("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\na").expects_continue);
}

TEST(RequestParser, WaitsForWhatIsMissing) {
  const std::string request = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
  for (std::size_t size = 1; size < request.size(); ++size) {
    EXPECT_EQ(parse(request.substr(0, size)).state, State::need_more) << size;
  }
}

TEST(RequestParser, RefusesAHeadThatIsTooLarge) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1000, 'x') + "\r\n\r\n";
  const auto size = static_cast<std::uint32_t>(head.size());
  EXPECT_EQ(parse(head, size).state, State::done);
  EXPECT_EQ(parse(head, size - 1).refused_with, 431U);
  EXPECT_EQ(parse(head, 100).refused_with, 431U);
  EXPECT_EQ(parse("GET /" + std::string(2000, 'a'), 1024).refused_with, 431U) << "also before its end is there";
}

TEST(RequestParser, RefusesABodyThatIsTooLarge) {
  const std::string by_length = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n";
  EXPECT_EQ(parse(by_length, 16384, 10).refused_with, 413U) << "before a byte of it is there";
  EXPECT_EQ(parse(by_length + "12345678901", 16384, 11).body, "12345678901");
  const std::string by_chunks = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n";
  EXPECT_EQ(parse(by_chunks, 16384, 10).refused_with, 413U);
  EXPECT_EQ(parse(by_chunks + "78901\r\n0\r\n\r\n", 16384, 11).body, "12345678901");
}

TEST(RequestParser, ServesVersionsOneDotZeroAndOneDotOneAlone) {
  for (const auto* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/3.0"}) {
    EXPECT_EQ(parse(std::string("GET / ") + version + "\r\nHost: a\r\n\r\n").refused_with, 505U) << version;
  }
}

}  // namespace
}  // namespace mortise::http
