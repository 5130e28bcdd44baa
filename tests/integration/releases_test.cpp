// What changes at one stroke, and what comes back after the host's end.
#include <csignal>
#include <filesystem>

#include "support/host_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReleasesTest : public HostTest {
 protected:
  static nlohmann::json wait_for_reason(const Host& host, const std::string& plugin, const std::string& text) {
    return host.wait_for_plugin(plugin, [&](const nlohmann::json& status) {
      return status["reason"].get<std::string>().find(text) != std::string::npos;
    });
  }
};

TEST_F(ReleasesTest, OfTwoUpgradesWhoseSecondFailsNeitherIsSwitchedTo) {
  prefix_.add_zoo("good-1.0", "good");
  prefix_.add_zoo("waits-1.0", "waits");
  auto& host = start();
  const auto before = host.wait_for_state("good", "active")["generation"];
  Traffic traffic(host, "/good");
  traffic.wait_for("1.0.0");
  drop_both("good-1.1", "waits-1.0.5-init-fails");
  wait_for_reason(host, "waits", "the zoo's init always fails");
  const auto held = wait_for_reason(host, "good", "held back with release");
  EXPECT_EQ(held["state"], "active");
  EXPECT_EQ(held["generation"], before);
  EXPECT_THAT(held["reason"].get<std::string>(), AllOf(HasSubstr("waits"), HasSubstr("mortise apply")));
  prefix_.drop(zoo_file("waits-1.1"));  // mended: now both come
  host.wait_for_version("waits", "1.1.0");
  host.wait_for_version("good", "1.1.0");
  EXPECT_THAT(traffic.end(), ElementsAre("1.0.0", "1.1.0"));
}

TEST_F(ReleasesTest, TheLastReleaseComesBackBesideANewerBrokenFile) {
  prefix_.add_zoo("good-1.0", "good");
  start();
  EXPECT_EQ(host_->stop(), 0);
  prefix_.drop(zoo_file("good-1.2-init-fails"));
  auto& host = start();
  EXPECT_EQ(host.get("/good").body, "1.0.0");
  const auto failed = host.wait_for_state("good", "failed");
  EXPECT_EQ(failed["version"], "1.2.0");
  EXPECT_EQ(host.get("/good").body, "1.0.0");
}

TEST_F(ReleasesTest, AKillInTheMiddleOfAnUpgradeLeavesTheFormerReleaseAndTheSecondOneItsBlame) {
  prefix_.configure({{"init_timeout_ms", 60000}});  // it is killed before
  prefix_.add_zoo("good-1.0", "good");
  start();
  prefix_.drop(zoo_file("good-1.3-init-hangs"));
  for (int i = 0; i < 2; ++i) {
    host_->wait_for_log("applying a release", [](const auto& line) { return line["what"] == "automatic apply"; });
    EXPECT_EQ(host_->get("/good").body, "1.0.0");
    host_->signal(SIGKILL);
    host_->wait();
    start();
  }
  EXPECT_EQ(host_->get("/good").body, "1.0.0");
  const auto failed = host_->wait_for_state("good", "failed");
  EXPECT_EQ(failed["version"], "1.3.0");
  EXPECT_THAT(failed["reason"].get<std::string>(), HasSubstr("ended twice"));
}

TEST_F(ReleasesTest, AKillAfterAnUpgradeLeavesTheNewRelease) {
  prefix_.add_zoo("good-1.0", "good");
  start();
  const auto file = prefix_.drop(zoo_file("good-1.1"));
  host_->wait_for_version("good", "1.1.0");
  host_->signal(SIGKILL);
  host_->wait();
  std::filesystem::remove(file);
  EXPECT_EQ(start().get("/good").body, "1.1.0") << "although only 1.0.0 lies in the drop directory now";
}

TEST_F(ReleasesTest, ALostHistoryIsBegunAnew) {
  prefix_.add_zoo("good-1.0", "good");
  start();
  EXPECT_EQ(host_->stop(), 0);
  testing::write_file(prefix_.path() / "var/lib/mortise/releases.db", std::string(4096, 'x'));
  auto& host = start();
  host.wait_for_log("the history needs attention");
  EXPECT_EQ(host.get("/good").body, "1.0.0");
}

}  // namespace
}  // namespace mortise::integration
