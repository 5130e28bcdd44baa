#include "http/response_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace mortise::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

mortise_str str(std::string_view text) { return {text.data(), text.size()}; }

mortise_http_response_v1 response(std::uint32_t status, std::string_view body = {},
                                  const std::vector<mortise_http_field>& headers = {}) {
  return {.struct_size = sizeof(mortise_http_response_v1),
          .status = status,
          .headers = headers.data(),
          .header_count = headers.size(),
          .body = {reinterpret_cast<const std::uint8_t*>(body.data()), body.size()}};
}

mortise_status check_header(std::string_view name, std::string_view value) {
  const std::vector<mortise_http_field> headers{{str(name), str(value)}};
  return check_response(response(200, {}, headers));
}

class ResponseWriterTest : public ::testing::Test {
 protected:
  std::string write(const mortise_http_response_v1& given) {
    std::string out;
    write_response(out, context_, given);
    return out;
  }
  std::string stream(const mortise_http_response_v1& head, const std::vector<std::string>& pieces) {
    std::string out;
    write_stream_head(out, context_, head);
    for (const auto& piece : pieces) write_chunk(out, context_, piece);
    write_stream_end(out, context_);
    return out;
  }

  ResponseContext context_{.date = "Mon, 23 Nov 2026 17:00:00 GMT", .request_id = "id-1"};
};

TEST_F(ResponseWriterTest, WritesAWholeAnswer) {
  const std::vector<mortise_http_field> headers{{str("Content-Type"), str("text/plain")}, {str("X-Empty"), str("")}};
  EXPECT_EQ(write(response(201, "hello", headers)),
            "HTTP/1.1 201 Created\r\nDate: Mon, 23 Nov 2026 17:00:00 GMT\r\nX-Request-Id: id-1\r\n"
            "Content-Type: text/plain\r\nX-Empty: \r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_THAT(write(response(200)), EndsWith("Content-Length: 0\r\n\r\n"));
}

TEST_F(ResponseWriterTest, SaysTheLengthOfABodyThatHeadDoesNotGet) {
  context_.is_head = true;
  EXPECT_THAT(write(response(200, "hello")), EndsWith("Content-Length: 5\r\n\r\n"));
}

TEST_F(ResponseWriterTest, GivesNoLengthWhereThereIsNoBody) {
  for (const auto status : {204U, 304U}) {
    EXPECT_THAT(write(response(status, "ignored")), EndsWith("X-Request-Id: id-1\r\n\r\n")) << status;
    context_.is_head = true;  // as Exchange::start() has it
    EXPECT_THAT(stream(response(status), {"ignored"}), EndsWith("X-Request-Id: id-1\r\n\r\n")) << status;
    context_.is_head = false;
  }
}

TEST_F(ResponseWriterTest, SaysWhetherTheConnectionStays) {
  EXPECT_THAT(write(response(200)), Not(HasSubstr("Connection:")));
  context_.is_http_1_0 = true;
  EXPECT_THAT(write(response(200)), HasSubstr("\r\nConnection: keep-alive\r\n"));
  context_.keep_alive = false;
  EXPECT_THAT(write(response(200)), HasSubstr("\r\nConnection: close\r\n"));
}

TEST_F(ResponseWriterTest, StreamsInChunks) {
  EXPECT_THAT(
      stream(response(200, "head "), {std::string(26, 'x'), "", "end"}),
      EndsWith(
          "Transfer-Encoding: chunked\r\n\r\n5\r\nhead \r\n1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n3\r\nend\r\n0\r\n\r\n"));
}

TEST_F(ResponseWriterTest, StreamsPlainlyWhereTheLengthIsKnownOrChunksAreNot) {
  context_.stream_length = 5;
  EXPECT_THAT(stream(response(200), {"he", "llo"}), EndsWith("Content-Length: 5\r\n\r\nhello"));
  context_.stream_length.reset();
  context_.is_http_1_0 = true;
  const auto answer = stream(response(200), {"he", "llo"});
  EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
  EXPECT_THAT(answer, Not(HasSubstr("Transfer-Encoding")));
}

TEST_F(ResponseWriterTest, DescribesProblems) {
  std::string out;
  write_problem(out, context_, 405, "a \"detail\"\x01\xff", "Allow: GET\r\n");
  EXPECT_THAT(out, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(out, HasSubstr("\r\nAllow: GET\r\n"));
  const auto body = out.substr(out.find("\r\n\r\n") + 4);
  EXPECT_THAT(out, HasSubstr("\r\nContent-Length: " + std::to_string(body.size()) + "\r\n"));
  const auto problem = nlohmann::json::parse(body);
  EXPECT_EQ(problem["type"], "about:blank");
  EXPECT_EQ(problem["title"], "Method Not Allowed");
  EXPECT_EQ(problem["status"], 405);
  EXPECT_EQ(problem["request_id"], "id-1");
  EXPECT_EQ(problem["detail"], "a \"detail\"\x01\xef\xbf\xbd");
}

TEST_F(ResponseWriterTest, NamesStatuses) {
  EXPECT_EQ(reason_phrase(200), "OK");
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(597), "Unknown");
  EXPECT_EQ(reason_phrase(299), "Unknown");
}

TEST(CheckResponse, TakesOrdinaryHeaders) {
  EXPECT_EQ(check_header("X-A", "value with spaces\tand tabs"), MORTISE_OK);
  EXPECT_EQ(check_header("x!#$%&'*+-.^_`|~1", ""), MORTISE_OK);
  EXPECT_EQ(check_header("X-A", "caf\xc3\xa9"), MORTISE_OK);
}

TEST(CheckResponse, RefusesWhatEndsAHeaderEarly) {
  using namespace std::string_view_literals;
  for (const auto value : {"a\r\nB: c"sv, "a\nB: c"sv, "a\r"sv, "a\0b"sv, "\x1b[0m"sv, "\x7f"sv}) {
    EXPECT_EQ(check_header("X-A", value), MORTISE_INVALID_ARGUMENT) << value;
  }
  for (const auto name : {""sv, "X A"sv, "X:"sv, "X\r\nY"sv, "X\0"sv, "caf\xc3\xa9"sv, "X\n"sv}) {
    EXPECT_EQ(check_header(name, "a"), MORTISE_INVALID_ARGUMENT) << name;
  }
}

TEST(CheckResponse, RefusesWhatTheServerSetsItself) {
  for (const auto* name : {"Content-Length", "content-length", "Transfer-Encoding", "Connection", "Date", "Keep-Alive",
                           "Upgrade", "Trailer", "TE"}) {
    EXPECT_EQ(check_header(name, "1"), MORTISE_INVALID_ARGUMENT) << name;
  }
}

TEST(CheckResponse, RefusesOtherStatusesAndLayouts) {
  for (const auto status : {0U, 100U, 101U, 199U, 600U, 1000U}) {
    EXPECT_EQ(check_response(response(status)), MORTISE_INVALID_ARGUMENT) << status;
  }
  auto short_struct = response(200);
  short_struct.struct_size = 8;
  EXPECT_EQ(check_response(short_struct), MORTISE_INVALID_ARGUMENT);
}

TEST(CheckResponse, RefusesSizesWithoutData) {
  auto no_body = response(200);
  no_body.body = {nullptr, 5};
  EXPECT_EQ(check_response(no_body), MORTISE_INVALID_ARGUMENT);
  auto no_headers = response(200);
  no_headers.headers = nullptr;
  no_headers.header_count = 1;
  EXPECT_EQ(check_response(no_headers), MORTISE_INVALID_ARGUMENT);
}

TEST(ToHttpStatus, MapsUnknownToInternal) {
  EXPECT_EQ(to_http_status(MORTISE_UNKNOWN), 500U);
  EXPECT_EQ(to_http_status(-1), 500U);
  EXPECT_EQ(to_http_status(MORTISE_NOT_FOUND), 404U);
  EXPECT_EQ(to_http_status(MORTISE_OUT_OF_RANGE), 400U);
}

}  // namespace
}  // namespace mortise::http
