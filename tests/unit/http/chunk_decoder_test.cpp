#include "http/chunk_decoder.hpp"

#include <gtest/gtest.h>

#include <string>

namespace mortise::http {
namespace {

using State = ChunkDecoder::State;

struct Decoded {
  State state = State::need_more;
  std::string body;
  std::string rest;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode_in_pieces(std::string_view bytes, std::size_t piece, std::uint64_t limit) {
  ChunkDecoder decoder;
  decoder.limit(limit);
  Decoded decoded;
  for (std::size_t at = 0; at < bytes.size() && decoded.state == State::need_more;) {
    std::size_t used = 0;
    const auto given = bytes.substr(at, piece);
    decoded.state = decoder.decode(given, decoded.body, used);
    EXPECT_TRUE(decoded.state != State::need_more || used == given.size());
    at += used;
    if (decoded.state == State::done) decoded.rest = bytes.substr(at);
  }
  return decoded;
}

/// Whole, and in pieces of one, two and three bytes: all must agree.
Decoded decode(std::string_view bytes, std::uint64_t limit = 1000) {
  auto decoded = decode_in_pieces(bytes, bytes.size(), limit);
  for (const std::size_t piece : {1U, 2U, 3U}) {
    EXPECT_EQ(decode_in_pieces(bytes, piece, limit), decoded) << bytes << " by " << piece;
  }
  return decoded;
}

TEST(ChunkDecoder, JoinsChunks) {
  const auto decoded = decode("5\r\nhello\r\n1\r\n,\r\nA\r\n 123456789\r\n0\r\n\r\nGET /");
  EXPECT_EQ(decoded.state, State::done);
  EXPECT_EQ(decoded.body, "hello, 123456789");
  EXPECT_EQ(decoded.rest, "GET /");
}

TEST(ChunkDecoder, TakesTheEmptyBody) {
  EXPECT_EQ(decode("0\r\n\r\n").state, State::done);
  EXPECT_EQ(decode("0000\r\n\r\n").state, State::done);
}

TEST(ChunkDecoder, TakesSizesInEitherCaseAndWithZerosInFront) {
  EXPECT_EQ(decode("00a\r\n0123456789\r\n0\r\n\r\n").body, "0123456789");
  EXPECT_EQ(decode("1B\r\nabcdefghijklmnopqrstuvwxyz.\r\n0\r\n\r\n").body, "abcdefghijklmnopqrstuvwxyz.");
}

TEST(ChunkDecoder, DropsExtensionsAndTrailers) {
  const auto decoded = decode("3;a=b;c=\"d;e\"\r\nabc\r\n0;last\r\nX-Sum: 1\r\nHost: other\r\n\r\nrest");
  EXPECT_EQ(decoded.state, State::done);
  EXPECT_EQ(decoded.body, "abc");
  EXPECT_EQ(decoded.rest, "rest");
}

TEST(ChunkDecoder, WaitsForTheEnd) {
  const std::string whole = "3\r\nabc\r\n0\r\nX: y\r\n\r\n";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_EQ(decode(whole.substr(0, size)).state, State::need_more) << size;
  }
}

TEST(ChunkDecoder, RefusesWhatIsTooLargeBeforeItIsThere) {
  EXPECT_EQ(decode("B\r\n", 10).state, State::too_large);
  EXPECT_EQ(decode("A\r\n0123456789\r\n1\r\n", 10).state, State::too_large);
  EXPECT_EQ(decode("FFFFFFFFFFFFFFFF\r\n", 10).state, State::too_large);
  EXPECT_EQ(decode("A\r\n0123456789\r\n0\r\n\r\n", 10).state, State::done);
}

TEST(ChunkDecoder, RefusesSizesThatAreNone) {
  for (const auto* bytes : {"\r\n", "g\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "1,\r\n", ";a\r\n",
                            "10000000000000000\r\n", "00000000000000001\r\n"}) {
    EXPECT_EQ(decode(bytes).state, State::malformed) << bytes;
  }
}

TEST(ChunkDecoder, RefusesLinesWithoutCrlf) {
  for (const auto* bytes : {"1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1\ra", "1\r\na\r0", "1\r\nab\r\n", "0\n\r\n",
                            "0\r\n\n", "0\r\nX: y\n\r\n", "1;a\na", "0\r\nX: y\rZ"}) {
    EXPECT_EQ(decode(bytes).state, State::malformed) << bytes;
  }
}

TEST(ChunkDecoder, RefusesControlCharactersAndFoldsInWhatItDrops) {
  using namespace std::string_literals;
  for (const auto& bytes : {"1;\0\r\n"s, "1;a\x7f\r\n"s, "0\r\nX: \0\r\n\r\n"s, "0\r\nX: a\r\n b\r\n\r\n"s}) {
    EXPECT_EQ(decode(bytes).state, State::malformed) << bytes;
  }
}

TEST(ChunkDecoder, BoundsWhatItDrops) {
  EXPECT_EQ(decode("1;" + std::string(256, 'a') + "\r\nx\r\n0\r\n\r\n").state, State::done);
  EXPECT_EQ(decode("1;" + std::string(257, 'a') + "\r\n").state, State::malformed);
  std::string trailers;
  for (int i = 0; i < 200; ++i) trailers += "X-Trailer: " + std::string(40, 'a') + "\r\n";
  EXPECT_EQ(decode("0\r\n" + trailers + "\r\n").state, State::malformed);
}

}  // namespace
}  // namespace mortise::http
