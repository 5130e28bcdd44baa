// A request runs on one release from its first call to its last, whatever is switched meanwhile.
#include <atomic>

#include "support/load.hpp"
#include "support/placed_test.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;

/// Also "mixed": the calls go from one process to the next and on to a third.
class OneReleaseTest : public PlacedTest {
 protected:
  void SetUp() override {
    prefix_.configure({{"apply", "manual"}});
    for (const auto* plugin : kChain) {
      for (const auto* version : {"-1.0", "-1.1"}) prefix_.drop(zoo_file(plugin + std::string(version)));
    }
  }
  static std::string placement_of(const std::string& plugin) {
    const std::string placement = GetParam();
    if (placement != "mixed") return placement;
    return plugin == "stamp-middle" ? "inline" : "isolated";
  }
  /// All three at one stroke.
  void choose(const std::string& range) {
    for (const auto* plugin : kChain) {
      prefix_.write_plugin(plugin, json{{"version", range}, {"placement", placement_of(plugin)}}.dump());
    }
    const auto outcome = host_->ask("POST", "/v1/apply");
    ASSERT_EQ(outcome["result"], "applied") << outcome;
    ASSERT_EQ(outcome["plan"]["steps"].size(), 3U) << outcome;
  }
  /// Only answers that are of one release will do.
  Load::Judge judge() {
    return [this](const Answer& answer) -> std::string {
      if (answer.body == "10-10-10 10-10-10")
        ++of_old_;
      else if (answer.body == "11-11-11 11-11-11")
        ++of_new_;
      else
        return "mixed: " + answer.body;
      return {};
    };
  }

  static constexpr const char* kChain[] = {"stamp-front", "stamp-middle", "stamp-end"};
  static constexpr unsigned kConnections = 24;
  /// Processes cost more to replace.
  const int upgrades_ = GetParam() == std::string("inline") ? 200 : 12;
  std::atomic<std::uint64_t> of_old_{0};
  std::atomic<std::uint64_t> of_new_{0};
};

TEST_P(OneReleaseTest, NoAnswerIsMixedHoweverOftenAChainOfThreeIsReplaced) {
  auto& host = start();
  choose("1.0.x");
  Load load(host, "/stamps", judge(), kConnections);
  for (int i = 1; i <= upgrades_; ++i) {
    load.wait_for_more(kConnections);
    choose(i % 2 == 0 ? "1.0.x" : "1.1.x");
  }
  load.end();
  EXPECT_EQ(load.fault(), "");
  EXPECT_GT(of_old_, 100U);
  EXPECT_GT(of_new_, 100U);
}

TEST_P(OneReleaseTest, NorOneThatIsGivenAfterTheHandlerHasReturned) {
  auto& host = start();
  choose("1.0.x");
  Load plain(host, "/stamps", judge(), 2);  // whose requests answer the last deferred one
  Load load(host, "/stamps/deferred", judge(), kConnections);
  for (int i = 1; i <= upgrades_; ++i) {
    load.wait_for_more(kConnections);
    choose(i % 2 == 0 ? "1.0.x" : "1.1.x");
  }
  load.end();
  plain.end();
  EXPECT_EQ(load.fault(), "");
  EXPECT_EQ(plain.fault(), "");
  EXPECT_GT(of_old_, 100U);
  EXPECT_GT(of_new_, 100U);
}

INSTANTIATE_TEST_SUITE_P(Placed, OneReleaseTest, ::testing::Values("inline", "isolated", "mixed"), placement_name);

}  // namespace
}  // namespace mortise::integration
