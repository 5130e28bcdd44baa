// The host with the smallest plugin: what every request gets.
#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

class HelloTest : public PlacedTest {
 protected:
  HelloTest() { prefix_.add_shipped("hello"); }
};

TEST_P(HelloTest, Greets) {
  auto client = start().connect();
  EXPECT_EQ(client.get("/hello").body, "Hello, world!\n");
  EXPECT_EQ(client.get("/hello/J%C3%BCrgen").json()["greeting"], "Hello, Jürgen!");
}

TEST_P(HelloTest, OtherPathsAndMethodsAreProblemDocuments) {
  auto client = start().connect();
  const auto missing = client.get("/no/such/path");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.header("Content-Type"), "application/problem+json");
  EXPECT_EQ(missing.json()["status"], 404);
  EXPECT_EQ(missing.json()["request_id"], missing.header("X-Request-Id"));
  const auto wrong_method = client.send("DELETE", "/hello");
  EXPECT_EQ(wrong_method.status, 405);
  EXPECT_EQ(wrong_method.header("Allow"), "GET, HEAD, OPTIONS");
}

TEST_P(HelloTest, TellsWhetherItLivesAndIsReady) {
  auto client = start().connect();
  EXPECT_EQ(client.get("/livez").status, 200);
  EXPECT_EQ(client.get("/readyz").status, 200);
}

TEST_P(HelloTest, HostWithoutAnyPluginIsReadyToo) {
  prefix_.disable("hello");
  auto client = start().connect();
  EXPECT_EQ(client.get("/readyz").status, 200);
  EXPECT_EQ(client.get("/hello").status, 404);
}

TEST_P(HelloTest, FirstStartMakesTheStateDirectoryAndStopLeavesNoTraceOfRunning) {
  ASSERT_FALSE(std::filesystem::exists(prefix_.state_directory()));
  start();
  EXPECT_TRUE(std::filesystem::exists(prefix_.state_directory() / "catalog.db"));
  EXPECT_EQ(host_->status()["pid"], host_->pid());
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(prefix_.state_directory() / "status.json"));
  EXPECT_FALSE(std::filesystem::exists(prefix_.state_directory() / "ports"));
}

MORTISE_BOTH_PLACEMENTS(HelloTest);

}  // namespace
}  // namespace mortise::integration
