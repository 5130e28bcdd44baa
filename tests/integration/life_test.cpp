// A plugin's life under load: dropped, enabled, served, upgraded, disabled, with requests going on all the while.
#include "support/gate.hpp"
#include "support/host_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LifeTest : public HostTest {};

TEST_F(LifeTest, FromDropToDisableNoRequestFails) {
  auto& host = start();
  Traffic traffic(host, "/good");
  traffic.wait_for("404");
  prefix_.drop(zoo_file("good-1.0"));
  EXPECT_NE(host.wait_for_file("good-1.0.so", "verified")["sha256"], "");
  EXPECT_EQ(host.get("/good").status, 404) << "dropping enables nothing";
  prefix_.enable("good");
  traffic.wait_for("1.0.0");
  prefix_.drop(zoo_file("good-1.1"));
  traffic.wait_for("1.1.0");
  prefix_.disable("good");
  traffic.wait_for("404");
  prefix_.enable("good");
  traffic.wait_for("1.1.0");
  EXPECT_THAT(traffic.end(), ElementsAre("404", "1.0.0", "1.1.0", "404", "1.1.0"));
}

TEST_F(LifeTest, RequestsInsideFinishOnTheGenerationThatTheyEntered) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  Pending old(host, "/waits");
  gate.wait_until_inside();
  prefix_.drop(zoo_file("waits-1.1"));
  host.wait_for_version("waits", "1.1.0");
  EXPECT_EQ(host.wait_for_state("waits", "stopping")["version"], "1.0.0") << "it still has somebody inside";
  gate.open();
  EXPECT_EQ(old.answer().body, "1.0.0");
  Pending fresh(host, "/waits");
  gate.wait_until_inside();
  gate.open();
  EXPECT_EQ(fresh.answer().body, "1.1.0");
}

TEST_F(LifeTest, DisablingLetsRequestsInsideFinish) {
  Gate gate(prefix_);
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  Pending inside(host, "/waits");
  gate.wait_until_inside();
  prefix_.disable("waits");
  host.wait_for_state("waits", "stopping");
  EXPECT_EQ(host.get("/waits").status, 404);
  gate.open();
  EXPECT_EQ(inside.answer().body, "1.0.0");
  host.wait_until_gone("waits");
}

TEST_F(LifeTest, KeepsServingTheOldGenerationWhenTheNewOneFailsToStart) {
  prefix_.add_zoo("good-1.0", "good");
  auto& host = start();
  Traffic traffic(host, "/good");
  traffic.wait_for("1.0.0");
  prefix_.drop(zoo_file("good-1.2-init-fails"));
  const auto failed = host.wait_for_state("good", "failed");
  EXPECT_EQ(failed["version"], "1.2.0");
  EXPECT_THAT(failed["reason"].get<std::string>(), HasSubstr("the zoo's init always fails"));
  EXPECT_EQ(host.wait_for_version("good", "1.0.0")["generation"], 1);
  EXPECT_THAT(traffic.end(), ElementsAre("1.0.0"));
}

TEST_F(LifeTest, RangeHoldsAnUpgradeBackUntilTheAdminWidensIt) {
  prefix_.drop(zoo_file("good-1.0"));
  prefix_.drop(zoo_file("good-1.1"));
  prefix_.write_plugin("good", R"({"version": "~1.0"})");
  auto& host = start();
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  prefix_.write_plugin("good", R"({"version": "^1"})");
  host.wait_for_version("good", "1.1.0");
  EXPECT_EQ(host.get("/good").body, "1.1.0");
  prefix_.write_plugin("good", R"({"version": ">=2"})");
  host.wait_for_plugin("good", [](const auto& plugin) {
    const auto reason = plugin["reason"].template get<std::string>();
    return reason.find("(1.0.0, 1.1.0) is in the range '>=2'") != std::string::npos;
  });
  EXPECT_EQ(host.get("/good").body, "1.1.0") << "what runs goes on";
}

TEST_F(LifeTest, ChangedConfigStartsANewGenerationOfTheSameFile) {
  prefix_.add_shipped("notes", {{"page_size", 1}});
  auto& host = start();
  auto client = host.connect();
  for (const auto* title : {"a", "b", "c"}) client.send_json("POST", "/notes", {{"title", title}});
  EXPECT_EQ(client.get("/notes").json()["notes"].size(), 1U);
  prefix_.enable("notes", {{"page_size", 2}});
  host.wait_for_plugin("notes",
                       [](const auto& plugin) { return plugin["generation"] == 2 && plugin["state"] == "active"; });
  EXPECT_EQ(client.get("/notes").json()["notes"].size(), 2U);
}

}  // namespace
}  // namespace mortise::integration
