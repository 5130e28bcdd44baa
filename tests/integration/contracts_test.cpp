// Plugins that call each other in a running host, while one or the other of them is replaced, broken or taken away.
#include "support/gate.hpp"
#include "support/placed_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ContractsTest : public HostTest {
 protected:
  void add_currency_and_shop() {
    prefix_.add_zoo("currency-1.0", "currency");
    prefix_.add_zoo("shop");
  }
};

/// With plugins whose calls can leave their process.
class PlacedContractsTest : public PlacedTest {};

MORTISE_BOTH_PLACEMENTS(PlacedContractsTest);

TEST_F(ContractsTest, APluginInCCallsAnotherOne) {
  add_currency_and_shop();
  auto& host = start();
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
}

TEST_P(PlacedContractsTest, APluginInCProvidesOneContractAndCallsAnother) {
  for (const auto* name : {"link-start", "link-middle", "link-end"}) prefix_.add_zoo(name);
  EXPECT_EQ(start().get("/links").body, "2");
}

TEST_P(PlacedContractsTest, NothingRunsOnAChainWhoseEndFailed) {
  prefix_.add_zoo("link-end-fails", "link-end");
  for (const auto* name : {"link-middle", "link-start", "link-last"}) prefix_.add_zoo(name);
  auto& host = start();
  for (const auto* name : {"link-middle", "link-start", "link-last"}) host.wait_for_state(name, "refused");
  EXPECT_EQ(host.get("/last").status, 404);
  prefix_.drop(zoo_file("link-end"), "mended");
  host.wait_for_state("link-last", "active");
  EXPECT_EQ(host.get("/last").body, "3");
}

TEST_P(PlacedContractsTest, HelloGreetsInTheLanguagesOfGreeter) {
  prefix_.add_shipped("hello");
  auto& host = start();
  EXPECT_EQ(host.get("/hello/Ada").json()["greeting"], "Hello, Ada!");
  EXPECT_EQ(host.get("/hello/Ada?language=de").json()["greeting"], "Hello, Ada!");

  prefix_.add_shipped("greeter");
  host.wait_for_state("greeter", "active");
  EXPECT_EQ(host.get("/hello/Ada?language=de").json()["greeting"], "Hallo, Ada!");
  const auto unknown = host.get("/hello/Ada?language=tlh");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("no greeting in 'tlh'"));

  prefix_.disable("greeter");
  host.wait_until_gone("greeter");
  EXPECT_EQ(host.get("/hello/Ada").json()["greeting"], "Hello, Ada!");
}

TEST_F(ContractsTest, AConsumerWaitsForItsProvider) {
  prefix_.add_zoo("shop");
  auto& host = start();
  EXPECT_THAT(host.wait_for_state("shop", "refused")["reason"].get<std::string>(), HasSubstr("zoo.currency/1"));
  prefix_.add_zoo("currency-1.0", "currency");
  host.wait_for_state("shop", "active");
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
  prefix_.disable("currency");
  EXPECT_THAT(host.wait_for_state("shop", "refused")["reason"].get<std::string>(), HasSubstr("zoo.currency/1"));
  EXPECT_EQ(host.get("/shop").status, 404);
}

TEST_F(ContractsTest, AnAppendedMethodReachesAConsumerThatWasBuiltWithoutIt) {
  add_currency_and_shop();
  auto& host = start();
  prefix_.drop(zoo_file("currency-1.1-appended"));
  host.wait_for_version("currency", "1.1.0");
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
}

TEST_F(ContractsTest, AChangedMethodLeavesTheFormerProviderRunning) {
  add_currency_and_shop();
  auto& host = start();
  prefix_.drop(zoo_file("currency-2.0-changed"));
  const auto kept = host.wait_for_plugin("currency", [](const auto& plugin) { return plugin["reason"] != ""; });
  EXPECT_EQ(kept["state"], "active");
  EXPECT_THAT(kept["reason"].get<std::string>(),
              AllOf(HasSubstr("2.0.0 would leave 'shop'"), HasSubstr("method 1 'convert' differs")));
  EXPECT_EQ(host.get("/shop").body, "42 EUR");
}

TEST_F(ContractsTest, NothingIsLostWhileAProviderIsReplacedUnderLoad) {
  add_currency_and_shop();
  auto& host = start();
  Traffic traffic(host, "/shop");
  for (int round = 0; round < 5; ++round) {
    const auto newer = prefix_.drop(zoo_file("currency-1.1-appended"), "newer");
    host.wait_for_version("currency", "1.1.0");
    std::filesystem::remove(newer);
    host.wait_for_version("currency", "1.0.0");
  }
  EXPECT_THAT(traffic.end(), ElementsAre("42 EUR"));
}

TEST_F(ContractsTest, StatusNamesWhoseRequestsHoldAFormerProvider) {
  prefix_.configure({{"log", {{"format", "json"}, {"level", "debug"}}}});
  prefix_.add_zoo("currency-1.0", "currency");
  prefix_.add_zoo("waits-in-cone");
  prefix_.add_zoo("waits-1.0", "waits");
  Gate in_cone(prefix_, "waits-in-cone");
  Gate elsewhere(prefix_, "waits");
  auto& host = start();
  Pending unrelated(host, "/waits");
  elsewhere.wait_until_inside();
  const auto newer = prefix_.drop(zoo_file("currency-1.1-appended"));
  host.wait_for_version("currency", "1.1.0");
  // The request that cannot reach the contract does not keep its former provider; the next one does.
  const auto is_currency = [](const json& line) { return line["plugin"] == "currency"; };
  host.wait_for_log("generation retired", is_currency);

  Pending held(host, "/waits-in-cone");
  in_cone.wait_until_inside();
  std::filesystem::remove(newer);
  const auto is_held = [](const json& plugin) {
    return plugin["state"] == "stopping" &&
           plugin["reason"].get<std::string>().find("held by requests inside 'waits-in-cone'") != std::string::npos;
  };
  host.wait_for_plugin("currency", is_held);
  in_cone.open();
  elsewhere.open();
  prefix_.disable("waits-in-cone");
  prefix_.disable("currency");
  EXPECT_EQ(held.answer().body, "through");
  EXPECT_EQ(unrelated.answer().body, "1.0.0");
  host.wait_until_gone("currency");
}

}  // namespace
}  // namespace mortise::integration
