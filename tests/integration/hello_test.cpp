// The host with the smallest plugin: what every request gets.
#include "support/host_test.hpp"

namespace mortise::integration {
namespace {

class HelloTest : public HostTest {
 protected:
  HelloTest() { prefix_.add_shipped("hello"); }
};

TEST_F(HelloTest, Greets) {
  auto client = start().connect();
  EXPECT_EQ(client.get("/hello").body, "Hello, world!\n");
  EXPECT_EQ(client.get("/hello/J%C3%BCrgen").json()["greeting"], "Hello, Jürgen!");
}

TEST_F(HelloTest, OtherPathsAndMethodsAreProblemDocuments) {
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

TEST_F(HelloTest, TellsWhetherItLivesAndIsReady) {
  auto client = start().connect();
  EXPECT_EQ(client.get("/livez").status, 200);
  EXPECT_EQ(client.get("/readyz").status, 200);
}

TEST_F(HelloTest, HostWithoutAnyPluginIsReadyToo) {
  prefix_.disable("hello");
  auto client = start().connect();
  EXPECT_EQ(client.get("/readyz").status, 200);
  EXPECT_EQ(client.get("/hello").status, 404);
}

TEST_F(HelloTest, FirstStartMakesTheStateDirectoryAndStopLeavesNoTraceOfRunning) {
  ASSERT_FALSE(std::filesystem::exists(prefix_.state_directory()));
  start();
  EXPECT_TRUE(std::filesystem::exists(prefix_.state_directory() / "catalog.db"));
  EXPECT_EQ(host_->status()["pid"], host_->pid());
  EXPECT_EQ(host_->stop(), 0);
  EXPECT_FALSE(std::filesystem::exists(prefix_.state_directory() / "status.json"));
  EXPECT_FALSE(std::filesystem::exists(prefix_.state_directory() / "ports"));
}

}  // namespace
}  // namespace mortise::integration
