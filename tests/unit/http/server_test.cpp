#include "http/server.hpp"

#include "edge_fixture.hpp"

namespace mortise::http {
namespace {

class ServerTest : public testing::EdgeTest {};

TEST_F(ServerTest, SaysThatTheHostIsStartingBeforeTheFirstPublication) {
  start();
  const auto answer = get("/anything");
  EXPECT_EQ(answer.status, 503U);
  EXPECT_EQ(answer.header("Retry-After"), "1");
  EXPECT_EQ(answer.header("Content-Type"), "application/problem+json");
}

TEST_F(ServerTest, AnswersWithThePluginsRoute) {
  start();
  publish(plugin().says("/hello", "hello"));
  const auto answer = get("/hello");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "hello");
}

}  // namespace
}  // namespace mortise::http
