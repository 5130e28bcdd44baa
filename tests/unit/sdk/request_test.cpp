#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <mortise/request.hpp>
#include <optional>
#include <vector>

#include "fake_host.hpp"

namespace mortise {
namespace {

using sdk_testing::FakeExchange;
using sdk_testing::FakeRequest;

class RequestTest : public ::testing::Test {
 protected:
  Request make() { return {FakeExchange::table(), exchange_.handle(), fake_.raw()}; }

  /// The message of the Error that `act` throws, after its status.
  template <class Act>
  static std::string refusal(Act&& act) {
    try {
      act();
    } catch (const Error& error) {
      return std::to_string(static_cast<int>(error.status())) + " " + error.what();
    }
    return "nothing thrown";
  }

  FakeRequest fake_;
  FakeExchange exchange_;
};

TEST_F(RequestTest, ShowsWhatTheClientSent) {
  fake_.target = "/a%20b?page=2";
  fake_.body = "body";
  const auto request = make();
  EXPECT_EQ(request.method(), "GET");
  EXPECT_EQ(request.target(), "/a%20b?page=2");
  EXPECT_EQ(request.path(), "/a%20b");
  EXPECT_EQ(request.body(), "body");
  EXPECT_EQ(request.id(), "request-1");
  EXPECT_EQ(request.remote_address(), "127.0.0.1:4711");
  EXPECT_FALSE(request.is_secure());
  fake_.flags = MORTISE_HTTP_REQUEST_SECURE | 0x80U;  // and a bit that nobody knows
  EXPECT_TRUE(make().is_secure());
}

TEST_F(RequestTest, TellsTheTimeThatIsLeftWhereThereIsADeadline) {
  EXPECT_EQ(make().time_left(), std::nullopt);
  exchange_.time_left_ms = 250;
  EXPECT_EQ(make().time_left(), std::chrono::milliseconds(250));
  exchange_.time_left_ms = 0;
  EXPECT_EQ(make().time_left(), std::chrono::milliseconds(0));
}

TEST_F(RequestTest, DoesWithoutTheTimeThatIsLeftInAHostOfAbi10) {
  auto table = *FakeExchange::table();
  table.struct_size = offsetof(mortise_http_v1, time_left_ms);
  table.time_left_ms = nullptr;
  EXPECT_EQ(Request(&table, exchange_.handle(), fake_.raw()).time_left(), std::nullopt);
}

TEST_F(RequestTest, CanBeTakenAlong) {
  fake_.target = "/kept";
  const auto copy = std::make_unique<Request>(make());
  EXPECT_EQ(copy->path(), "/kept");
}

TEST_F(RequestTest, FindsParamsAndNamesAMissingOne) {
  fake_.params = {{"id", "7"}, {"rest", "a/b"}};
  const auto request = make();
  EXPECT_EQ(request.param("rest"), "a/b");
  EXPECT_EQ(refusal([&] { static_cast<void>(request.param("ID")); }), "13 the route's pattern has no parameter 'ID'");
}

TEST_F(RequestTest, FindsHeadersWhateverTheCase) {
  fake_.headers = {{"X-One", "1"}, {"ACCEPT", "a"}, {"accept", "b"}, {"X-Empty", ""}};
  const auto request = make();
  EXPECT_EQ(request.header("accept"), "a");
  EXPECT_EQ(request.header("x-oNe"), "1");
  EXPECT_EQ(request.header("X-Empty"), "");
  EXPECT_EQ(request.header("X-On"), std::nullopt);
  EXPECT_EQ(request.header("X-One1"), std::nullopt);
}

TEST_F(RequestTest, DecodesTheQuery) {
  fake_.target = "/?a=1&b+c=d%2Be+f&empty=&flag&a=2&&%61%3D=eq%3d&bad=%zz%4&last=%e2%82%ac";
  const auto request = make();
  EXPECT_EQ(request.query("a"), "1");
  EXPECT_EQ(request.query("b c"), "d+e f");
  EXPECT_EQ(request.query("empty"), "");
  EXPECT_EQ(request.query("flag"), "");
  EXPECT_EQ(request.query("a="), "eq=");
  EXPECT_EQ(request.query("bad"), "%zz%4");
  EXPECT_EQ(request.query("last"), "\u20ac");
  EXPECT_EQ(request.query("absent"), std::nullopt);
  fake_.target = "/none";
  EXPECT_EQ(make().query("a"), std::nullopt);
}

TEST_F(RequestTest, ParsesJson) {
  fake_.body = R"({"n": [1, 2]})";
  EXPECT_EQ(make().json()["n"][1], 2);
  EXPECT_EQ((make().json_as<std::map<std::string, std::vector<int>>>()["n"]), (std::vector{1, 2}));
}

TEST_F(RequestTest, SaysWhereTheBodyStopsBeingJson) {
  fake_.body = "{\"a\": 1,}";
  EXPECT_EQ(refusal([&] { static_cast<void>(make().json()); }),
            "3 the body is not valid JSON: parse error at line 1, column 9: syntax error while parsing object key - "
            "unexpected '}'; expected string literal");
  fake_.body = "";
  EXPECT_EQ(refusal([&] { static_cast<void>(make().json()); }),
            "3 the body is not valid JSON: parse error at line 1, column 1: syntax error while parsing value - "
            "unexpected end of input; expected '[', '{', or a literal");
}

TEST_F(RequestTest, SaysHowTheJsonDoesNotFit) {
  fake_.body = R"({"a": "text"})";
  EXPECT_EQ(refusal([&] { static_cast<void>(make().json_as<std::map<std::string, int>>()); }),
            "3 the body's JSON is not what is expected: type must be number, but is string");
  EXPECT_EQ(refusal([&] { static_cast<void>(make().json_as<std::vector<int>>()); }),
            "3 the body's JSON is not what is expected: type must be array, but is object");
}

TEST_F(RequestTest, RefusesJsonThatIsNestedTooDeep) {
  fake_.body = std::string(256, '[') + std::string(256, ']');
  EXPECT_TRUE(make().json().is_array());
  fake_.body = std::string(1'000'000, '[');
  EXPECT_EQ(refusal([&] { static_cast<void>(make().json()); }), "3 the body is JSON nested deeper than 256 levels");
  fake_.body = R"([{"a": ")" + std::string(300, '{') + R"(\"[["}])";  // inside a string nothing nests
  EXPECT_EQ(make().json().size(), 1U);
}

TEST_F(RequestTest, ReadsAStreamedBodyPieceByPiece) {
  exchange_.body = {"abc", "d"};
  std::array<std::uint8_t, 2> buffer{};
  std::string all;
  while (const auto size = make().read_body(buffer)) all.append(buffer.begin(), buffer.begin() + size);
  EXPECT_EQ(all, "abcd");
}

TEST_F(RequestTest, SaysWhyTheBodyCannotBeRead) {
  std::array<std::uint8_t, 2> buffer{};
  const auto refused_with = [&](mortise_status status) {
    exchange_.body_status = status;
    return refusal([&] { static_cast<void>(make().read_body(buffer)); });
  };
  EXPECT_EQ(refused_with(MORTISE_OUT_OF_RANGE), "11 the body is larger than this route takes");
  EXPECT_EQ(refused_with(MORTISE_CANCELLED), "1 the client went away");
  EXPECT_EQ(refused_with(MORTISE_DEADLINE_EXCEEDED), "4 the client sent nothing for too long");
  EXPECT_EQ(refused_with(MORTISE_INVALID_ARGUMENT), "3 the body is malformed");
  EXPECT_EQ(refused_with(MORTISE_FAILED_PRECONDITION),
            "13 this route does not stream its body; set RouteOptions::stream_body");
}

}  // namespace
}  // namespace mortise
