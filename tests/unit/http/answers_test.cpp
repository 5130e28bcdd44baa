// One request, one answer: what every route gets from the server, and what every client sees of it.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <stdexcept>

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

using testing::bytes;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::str;
using testing::TestPlugin;
using testing::view;

class AnswersTest : public testing::EdgeTest {};

TEST_F(AnswersTest, SaysThatTheHostIsStartingBeforeTheFirstPublication) {
  start();
  const auto answer = get("/anything");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Mortise-Not-Begun"), "1");
  EXPECT_EQ(answer.header("Mortise-Starting"), "1");
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
}

TEST_F(AnswersTest, KeepsTheConnectionOfAClientThatComesTooEarly) {
  start();
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().status, 503U);
  publish(plugin().says("/", "hello"));
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().body, "hello");
}

TEST_F(AnswersTest, TellsOfItsLifeAndReadiness) {
  start();
  EXPECT_EQ(get("/livez").status, 200U);
  EXPECT_EQ(get("/readyz").status, 503U);
  server().set_ready(true);
  const auto ready = get("/readyz");
  EXPECT_EQ(ready.status, 200U);
  EXPECT_EQ(ready.body, "ok\n");
  EXPECT_EQ(ready.header("Cache-Control"), "no-store");
  EXPECT_EQ(ask("HEAD /readyz HTTP/1.1\r\nHost: a\r\n\r\n").header("Content-Length"), "3");
  EXPECT_EQ(ask("POST /livez HTTP/1.1\r\nHost: a\r\n\r\n").header("Allow"), "GET, HEAD");
  server().set_ready(false);
  EXPECT_EQ(get("/readyz").status, 503U);
}

TEST_F(AnswersTest, HandsTheRequestToTheHandler) {
  start();
  auto& test = plugin();
  publish(test.on("PUT", "/notes/{id}", [&](auto* exchange, const mortise_http_request_v1& request) {
    std::string text(view(request.method));
    for (const auto part : {request.target, request.path, request.query, request.id}) {
      text.append("|").append(view(part));
    }
    text.append("|").append(view(request.params[0].name)).append("=").append(view(request.params[0].value));
    for (std::uint64_t i = 0; i < request.header_count; ++i) text.append("|").append(view(request.headers[i].name));
    text.append("|").append(view(request.body));
    EXPECT_THAT(std::string(view(request.remote_address)), MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
    EXPECT_EQ(request.flags & MORTISE_HTTP_REQUEST_SECURE, 0U);
    return test.respond(exchange, text);
  }));
  const auto answer =
      ask("PUT /notes/a%20b?x=1 HTTP/1.1\r\nHost: a\r\nX-Request-Id: my-id\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(answer.body, "PUT|/notes/a%20b?x=1|/notes/a%20b|x=1|my-id|id=a b|Host|X-Request-Id|Content-Length|body");
}

TEST_F(AnswersTest, NamesEachRequest) {
  start();
  publish(plugin().says("/", "hello"));
  const auto named = [&](const std::string& id) {
    return ask("GET / HTTP/1.1\r\nHost: a\r\nX-Request-Id: " + id + "\r\n\r\n").header("X-Request-Id");
  };
  EXPECT_EQ(named("trace-1.2_3"), "trace-1.2_3");
  EXPECT_THAT(named("no good"), MatchesRegex("[0-9a-f]{10}-[0-9]+-[0-9]+"));
  const auto first = get("/").header("X-Request-Id");
  EXPECT_THAT(first, MatchesRegex("[0-9a-f]{10}-[0-9]+-[0-9]+"));
  EXPECT_NE(get("/").header("X-Request-Id"), first);
}

TEST_F(AnswersTest, AnswersHeadLikeGetWithoutABody) {
  start();
  publish(plugin().says("/hello", "hello"));
  auto client = connect();
  const auto answer = client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n").read(true);
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.header("Content-Length"), "5");
  EXPECT_EQ(client.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n").read().body, "hello") << "nothing lay in between";
}

TEST_F(AnswersTest, TellsWhichMethodsAPathTakes) {
  start();
  publish(plugin().says("/hello", "hello"));
  const auto options = ask("OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(options.status, 204U);
  EXPECT_EQ(options.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_THAT(options.head, Not(HasSubstr("Content-Length")));
  EXPECT_EQ(ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status, 204U);
  EXPECT_EQ(ask("GET * HTTP/1.1\r\nHost: a\r\n\r\n").status, 400U);
  const auto refused = ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(refused.status, 405U);
  EXPECT_EQ(refused.header("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(refused.header("Content-Type"), "application/problem+json");
}

TEST_F(AnswersTest, KeepsTheConnectionAfterAPathThatIsNotServed) {
  start();
  publish(plugin().says("/hello", "hello"));
  auto client = connect();
  client.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read().status, 404U);
  EXPECT_EQ(client.send("GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n").read().status, 400U);
}

TEST_F(AnswersTest, AnswersBrokenPathsWithBadRequest) {
  start();
  publish(plugin().says("/{all...}", "hello"));
  for (const auto* path : {"/../etc", "/%zz", "/%00", "/..%2f.."}) EXPECT_EQ(get(path).status, 400U) << path;
}

TEST_F(AnswersTest, ServesVersionOneDotZero) {
  start();
  publish(plugin().says("/", "hello"));
  auto once = connect();
  EXPECT_EQ(once.send("GET / HTTP/1.0\r\n\r\n").read().header("Connection"), "close");
  EXPECT_EQ(once.read_to_end(), "");
  auto kept = connect();
  for (int i = 0; i < 2; ++i) {
    const auto answer = kept.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").read();
    EXPECT_EQ(answer.header("Connection"), "keep-alive");
    EXPECT_EQ(answer.body, "hello");
  }
}

TEST_F(AnswersTest, ClosesWhenTheClientWantsIt) {
  start();
  publish(plugin().says("/", "hello"));
  auto client = connect();
  const auto answer = client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").read();
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_EQ(answer.body, "hello");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(AnswersTest, AnswersAClientThatHasEndedItsSide) {
  start();
  publish(plugin().says("/", "hello"));
  auto client = connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").end_output();
  EXPECT_EQ(client.read().body, "hello");
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_F(AnswersTest, TurnsAHandlersErrorIntoAProblem) {
  start();
  auto& test = plugin();
  test.on("GET", "/{code}", [](auto*, const mortise_http_request_v1& request) {
    return static_cast<mortise_status>(std::stoi(std::string(view(request.params[0].value))));
  });
  publish(test);
  const std::vector<std::pair<int, unsigned>> expected{
      {MORTISE_INVALID_ARGUMENT, 400},  {MORTISE_UNAUTHENTICATED, 401}, {MORTISE_PERMISSION_DENIED, 403},
      {MORTISE_NOT_FOUND, 404},         {MORTISE_ALREADY_EXISTS, 409},  {MORTISE_RESOURCE_EXHAUSTED, 429},
      {MORTISE_INTERNAL, 500},          {MORTISE_UNIMPLEMENTED, 501},   {MORTISE_UNAVAILABLE, 503},
      {MORTISE_DEADLINE_EXCEEDED, 504}, {MORTISE_DATA_LOSS, 500},       {12345, 500}};
  auto client = connect();
  for (const auto& [code, status] : expected) {
    const auto answer = client.send("GET /" + std::to_string(code) + " HTTP/1.1\r\nHost: a\r\n\r\n").read();
    EXPECT_EQ(answer.status, status) << code;
    EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
    const auto problem = nlohmann::json::parse(answer.body);
    EXPECT_EQ(problem["status"], status);
    EXPECT_EQ(problem["request_id"], answer.header("X-Request-Id"));
  }
}

TEST_F(AnswersTest, ExceptionsAndSilenceAreTheHandlersFailures) {
  start();
  auto& test = plugin();
  test.on("GET", "/throws", [](auto*, const auto&) -> mortise_status { throw std::runtime_error("secret"); });
  test.on("GET", "/throws-int", [](auto*, const auto&) -> mortise_status { throw 123; });
  test.on("GET", "/silent", [](auto*, const auto&) { return MORTISE_OK; });
  test.on("GET", "/aborts", [&](auto* exchange, const auto&) {
    test.http().abort(exchange);
    return MORTISE_OK;
  });
  publish(test);
  auto client = connect();
  for (const auto* path : {"/throws", "/throws-int", "/silent", "/aborts"}) {
    const auto answer = client.send(std::string("GET ") + path + " HTTP/1.1\r\nHost: a\r\n\r\n").read();
    EXPECT_EQ(answer.status, 500U) << path;
    EXPECT_THAT(answer.body, Not(HasSubstr("secret")));
  }
}

TEST_F(AnswersTest, RefusesAnswersThatWouldBreakTheProtocol) {
  start();
  auto& test = plugin();
  test.on("GET", "/", [&](auto* exchange, const auto&) {
    const mortise_http_field injected{str("X-A"), str("a\r\nSet-Cookie: b")};
    auto response = TestPlugin::head(200, "bad");
    response.headers = &injected;
    response.header_count = 1;
    EXPECT_EQ(test.http().respond(exchange, &response), MORTISE_INVALID_ARGUMENT);
    const auto odd = TestPlugin::head(99);
    EXPECT_EQ(test.http().respond(exchange, &odd), MORTISE_INVALID_ARGUMENT);
    EXPECT_EQ(test.http().respond(exchange, nullptr), MORTISE_INVALID_ARGUMENT);
    EXPECT_EQ(test.respond(exchange, "good"), MORTISE_OK) << "the exchange is as it was";
    EXPECT_EQ(test.respond(exchange, "twice"), MORTISE_FAILED_PRECONDITION);
    const auto late = TestPlugin::head(200);
    EXPECT_EQ(test.http().start(exchange, &late), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(test.http().defer(exchange), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(test.http().write(exchange, bytes("x"), 0), MORTISE_FAILED_PRECONDITION);
    EXPECT_EQ(test.http().finish(exchange), MORTISE_FAILED_PRECONDITION);
    return MORTISE_OK;
  });
  publish(test);
  EXPECT_EQ(get("/").body, "good");
}

TEST_F(AnswersTest, ServesOnTheTableThatIsPublished) {
  start();
  const auto first = init(plugin("first").says("/a", "first")).value();
  const auto second = init(plugin("second").says("/b", "second")).value();
  const std::vector both{first, second};
  publish_release(both);
  EXPECT_EQ(get("/a").body + get("/b").body, "firstsecond");
  publish_release({&second, 1});
  EXPECT_EQ(get("/a").status, 404U);
  EXPECT_EQ(get("/b").body, "second");
}

TEST_F(AnswersTest, NamesAConflictAndServesTheElder) {
  start();
  const auto elder = init(plugin("elder").says("/a", "elder")).value();
  const auto younger = init(plugin("younger").says("/a", "younger")).value();
  const std::vector both{elder, younger};
  const auto conflicts = server().check(set_of(both));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts.front().culprit, younger);
  EXPECT_THAT(conflicts.front().message, HasSubstr("plugin 'younger': GET /a is already served by plugin 'elder'"));
}

}  // namespace
}  // namespace mortise::http
