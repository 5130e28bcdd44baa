// `"placement": {"probation": ...}`: a new version runs isolated first, and moves inline when it has served enough.
#include <string>

#include "support/load.hpp"
#include "support/workers_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class ProbationTest : public WorkersTest {
 protected:
  void prove(const std::string& plugin, int requests) {
    const json settings{{"placement", {{"probation", {{"requests", requests}}}}}};
    prefix_.write_plugin(plugin, settings.dump());
  }
  [[nodiscard]] std::string placement_of(const std::string& plugin) const {
    return status_of(plugin)["placement"].get<std::string>();
  }
  void wait_until_served(const std::string& plugin, int requests) {
    wait_until([&] { return status_of(plugin)["probation"]["served"] == requests; });
  }
  /// One after the other, all of which must succeed.
  void ask(const std::string& target, int requests) {
    auto client = host_->connect();
    for (int i = 0; i < requests; ++i) ASSERT_EQ(client.get(target).status, 200);
  }
};

TEST_F(ProbationTest, MovesInlineUnderLoadAndKeepsItsCount) {
  prefix_.drop(zoo_file("tally-1.0"));
  prove("tally", 2000);
  auto& host = start();
  EXPECT_EQ(placement_of("tally"), "isolated");
  EXPECT_THAT(mortise({"status"}).out, HasSubstr("in probation: 0 of 2,000 requests"));
  Load load(host, "/tally");
  wait_until([&] { return placement_of("tally") == "inline"; });
  load.wait_for_more(100);
  const auto requests = load.end();
  EXPECT_EQ(load.fault(), "");
  EXPECT_GE(requests, 2000U);
  host.wait_until_drained(1);
  EXPECT_EQ(host.get("/tally/count").body, std::to_string(requests));
  const auto last = host.ask("GET", "/v1/history?limit=1")["entries"][0];
  EXPECT_EQ(last["who"], "the host");
  EXPECT_THAT(last["what"].get<std::string>(),
              HasSubstr("move inline of tally, which has passed its probation: 2,000 requests without a fault"));
  EXPECT_EQ(last["changes"][0]["kind"], "reconfigure");
}

TEST_F(ProbationTest, ACrashOrAFaultNeverTouchesTheHostAndBeginsItAnew) {
  prefix_.drop(zoo_file("moody-1.1"));
  prove("moody", 30);
  start();
  const auto process = host_->process();
  wait_until([&] { return status_of("moody")["isolated_by"] == "probation"; });
  ask("/moody", 20);
  wait_until_served("moody", 20);
  EXPECT_EQ(host_->get("/moody?crash").status, 503);
  wait_until([&] { return status_of("moody")["worker"]["restarts"] == 1; });
  wait_until([&] { return status_of("moody")["crashes"]["count"] == 1; });  // from when on it counts anew
  wait_until_served("moody", 0);
  ask("/moody", 20);
  wait_until_served("moody", 20);
  EXPECT_EQ(host_->get("/moody?fail").status, 500);
  wait_until_served("moody", 0);
  ask("/moody", 29);
  wait_until_served("moody", 29);
  EXPECT_EQ(placement_of("moody"), "isolated");
  ask("/moody", 1);
  wait_until([&] { return placement_of("moody") == "inline"; });
  EXPECT_EQ(host_->process(), process);
}

TEST_F(ProbationTest, ThreeCrashesQuarantineAsEver) {
  prefix_.drop(zoo_file("moody-1.1"));
  prove("moody", 1000);
  start();
  const auto process = host_->process();
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(host_->get("/moody?crash").status, 503);
    if (i < 3) wait_until([&] { return status_of("moody")["worker"]["restarts"] == i; });
  }
  EXPECT_THAT(host_->wait_for_state("moody", "quarantined")["reason"].get<std::string>(),
              HasSubstr("3 times in five minutes"));
  EXPECT_EQ(host_->process(), process);
}

TEST_F(ProbationTest, WhoHasPassedIsInlineAfterARestartAndTheNextVersionIsNot) {
  prefix_.drop(zoo_file("tally-1.0"));
  prove("tally", 20);
  start();
  {
    Load load(*host_, "/tally");
    wait_until([&] { return placement_of("tally") == "inline"; });
  }
  prefix_.disable("tally");
  wait_until([&] { return host_->get("/tally").status == 404; });
  EXPECT_EQ(host_->stop(), 0);
  start();
  prove("tally", 20);
  host_->wait_for_version("tally", "1.0.0");
  EXPECT_EQ(placement_of("tally"), "inline");
  EXPECT_EQ(status_of("tally")["generation"], 1) << "from the first moment on";
  prefix_.drop(zoo_file("tally-1.1"));
  host_->wait_for_version("tally", "1.1.0");
  EXPECT_EQ(placement_of("tally"), "isolated");
  EXPECT_EQ(status_of("tally")["isolated_by"], "probation");
}

}  // namespace
}  // namespace mortise::integration
