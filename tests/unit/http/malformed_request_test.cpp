// Requests that two servers in a row might read differently, and other broken ones.
#include <gtest/gtest.h>

#include <string>

#include "parse_request.hpp"

namespace mortise::http {
namespace {

using State = RequestParser::State;
using testing::Parsed;

Parsed parse(std::string_view bytes) {
  const auto whole = testing::parse_whole(bytes);
  EXPECT_EQ(whole, testing::parse_bytewise(bytes)) << bytes;
  return whole;
}

/// The status that a POST with these header lines, and this body, is refused with.
unsigned refusal(const std::string& lines, const std::string& body = "") {
  return parse("POST /a HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" + body).refused_with;
}

TEST(MalformedRequest, LengthBesideChunks) {
  EXPECT_EQ(refusal("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "0\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400U);
}

TEST(MalformedRequest, MoreThanOneLength) {
  EXPECT_EQ(refusal("Content-Length: 4\r\nContent-Length: 5\r\n", "abcde"), 400U);
  EXPECT_EQ(refusal("Content-Length: 4\r\nContent-Length: 4\r\n", "abcd"), 400U) << "equal ones too";
  EXPECT_EQ(refusal("Content-Length: 4, 4\r\n", "abcd"), 400U);
  EXPECT_EQ(refusal("Content-Length: 4, 5\r\n", "abcde"), 400U);
}

TEST(MalformedRequest, LengthThatIsNoNumber) {
  for (const auto* length : {"-1", "+4", "0x4", "4 4", "4a", "", "4,", "18446744073709551616",
                             "99999999999999999999999", "\"4\"", "4.0", "\xd9\xa4"}) {
    EXPECT_EQ(refusal(std::string("Content-Length: ") + length + "\r\n", "abcd"), 400U) << length;
  }
}

TEST(MalformedRequest, HugeLengthIsRefusedUnread) {
  EXPECT_EQ(refusal("Content-Length: 18446744073709551615\r\n"), 413U);
}

TEST(MalformedRequest, OtherTransferCodings) {
  for (const auto* coding : {"gzip", "gzip, chunked", "chunked, gzip", "chunked, chunked", "identity", "xchunked",
                             "chunked;a=b", "\"chunked\"", ""}) {
    EXPECT_EQ(refusal(std::string("Transfer-Encoding: ") + coding + "\r\n", "0\r\n\r\n"), 501U) << coding;
  }
  EXPECT_EQ(refusal("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 501U);
  EXPECT_EQ(refusal("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400U);
  EXPECT_EQ(refusal("Transfer-Encoding: \x0b"
                    "chunked\r\n",
                    "0\r\n\r\n"),
            400U);
}

TEST(MalformedRequest, ChunksInVersionOneDotZero) {
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").refused_with, 400U);
}

TEST(MalformedRequest, LinesThatEndWithoutCr) {
  EXPECT_EQ(parse("GET / HTTP/1.1\nHost: a\n\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\n\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\n").refused_with, 400U) << "at once, not when the head should be over";
}

TEST(MalformedRequest, CrWithinALine) {
  EXPECT_EQ(refusal("X: a\rb\r\n"), 400U);
  EXPECT_EQ(refusal("X: a\r\rContent-Length: 5\r\n"), 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n").refused_with, 505U);
}

TEST(MalformedRequest, FoldedLines) {
  EXPECT_EQ(refusal("X: a\r\n b\r\n"), 400U);
  EXPECT_EQ(refusal("X: a\r\n\tTransfer-Encoding: chunked\r\n"), 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n Host: a\r\n\r\n").refused_with, 400U);
}

TEST(MalformedRequest, ControlCharacters) {
  using namespace std::string_literals;
  EXPECT_EQ(refusal("X: a\0b\r\n"s), 400U);
  EXPECT_EQ(refusal("X\0: a\r\n"s), 400U);
  EXPECT_EQ(refusal("X: a\x01\r\n"), 400U);
  EXPECT_EQ(refusal("X: a\x7f\r\n"), 400U);
  EXPECT_EQ(parse("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s).refused_with, 400U);
  EXPECT_EQ(parse("GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n").refused_with, 400U);
  EXPECT_EQ(parse("GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"s).refused_with, 400U);
}

TEST(MalformedRequest, NamesThatAreNoTokens) {
  for (const auto* line : {"Host : b", "X : a", ": a", "X", "X Y: a", "X(: a", "Content-Length : 4", "\xc3\xa4: a"}) {
    EXPECT_EQ(refusal(std::string(line) + "\r\n", "abcd"), 400U) << line;
  }
}

TEST(MalformedRequest, HostMissingOrTwice) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n").refused_with, 400U);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").state, State::done) << "version 1.0 needs none";
}

TEST(MalformedRequest, RequestLines) {
  for (const auto* line : {"", " ", "GET", "GET /", "GET  / HTTP/1.1", " GET / HTTP/1.1", "GET / a HTTP/1.1",
                           "G\"T / HTTP/1.1", "GET / http/1.1 ", "\x16\x03\x01\x02\x01\x01\xfc\x03\x03"}) {
    const auto parsed = parse(std::string(line) + "\r\nHost: a\r\n\r\n");
    EXPECT_EQ(parsed.state, State::refused) << line;
    EXPECT_TRUE(parsed.refused_with == 400 || parsed.refused_with == 505) << line;
  }
}

TEST(MalformedRequest, SaysNothingOfTheHead) {
  EXPECT_EQ(parse("GET /secret HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").target, "");
}

}  // namespace
}  // namespace mortise::http
