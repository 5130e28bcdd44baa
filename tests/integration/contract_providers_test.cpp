// Several providers of one contract in a running host: who is chosen, and how the choice follows those who come and go
// while their consumers go on.
#include "support/placed_test.hpp"
#include "support/traffic.hpp"

namespace mortise::integration {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::uint64_t generation_of(const Host& host, const std::string& plugin) {
  return host.wait_for_state(plugin, "active")["generation"].get<std::uint64_t>();
}

/// Of zoo.currency/1: "currency" of rank 0 doubles, "visa" of rank 7 trebles, "giro" of rank 9 pays five times as much.
class ContractProvidersTest : public HostTest {
 protected:
  void add_currency() { prefix_.add_zoo("currency-1.0", "currency"); }
  void add_visa() { prefix_.add_zoo("currency-named"); }
  void add_giro() { prefix_.add_zoo("currency-first"); }
};

/// The same with providers and a consumer whose calls can leave their process: "bank", "visa" and "giro".
class PlacedProvidersTest : public PlacedTest {
 protected:
  void add_bank() { prefix_.add_zoo("bank-1.0", "bank"); }
};

MORTISE_BOTH_PLACEMENTS(PlacedProvidersTest);

TEST_F(ContractProvidersTest, ANameChoosesItsProviderAndNoNameTheHighestRank) {
  add_currency();
  add_visa();
  add_giro();
  prefix_.add_zoo("shop");
  prefix_.add_zoo("shop-named");
  prefix_.add_zoo("quotes");
  auto& host = start();
  EXPECT_EQ(host.get("/shop").body, "105 EUR");
  EXPECT_EQ(host.get("/shop-named").body, "63 EUR");
  EXPECT_EQ(host.get("/best").body, "105");
  EXPECT_EQ(host.get("/visa").body, "63");
  EXPECT_EQ(host.get("/quotes").body, "giro 105, visa 63, currency 42");
}

TEST_F(ContractProvidersTest, ANameWaitsForItsOwnProviderAlone) {
  add_currency();
  prefix_.add_zoo("shop-named");
  prefix_.add_zoo("quotes");
  auto& host = start();
  const auto is_missed = AllOf(HasSubstr("zoo.currency/1"), HasSubstr("visa"));
  EXPECT_THAT(host.wait_for_state("shop-named", "refused")["reason"].get<std::string>(), is_missed);
  EXPECT_EQ(host.get("/visa").body, "nobody");
  add_visa();
  host.wait_for_state("shop-named", "active");
  EXPECT_EQ(host.get("/shop-named").body, "63 EUR");
  EXPECT_EQ(host.get("/visa").body, "63");
  prefix_.disable("currency-named");
  EXPECT_THAT(host.wait_for_state("shop-named", "refused")["reason"].get<std::string>(), is_missed);
  EXPECT_EQ(host.get("/shop-named").status, 404);
  EXPECT_EQ(host.get("/visa").body, "nobody");
}

TEST_F(ContractProvidersTest, AConsumerGoesOnWithTheHighestRankThatIsThere) {
  add_currency();
  prefix_.add_zoo("shop");
  auto& host = start();
  const auto consumer = generation_of(host, "shop");
  Traffic traffic(host, "/shop");
  traffic.wait_for("42 EUR");
  add_giro();
  traffic.wait_for("105 EUR");
  add_visa();  // between the two
  host.wait_for_state("currency-named", "active");
  prefix_.disable("currency-first");
  traffic.wait_for("63 EUR");
  prefix_.disable("currency");  // the lowest
  host.wait_until_gone("currency");
  EXPECT_THAT(traffic.end(), ElementsAre("42 EUR", "105 EUR", "63 EUR"));
  EXPECT_EQ(generation_of(host, "shop"), consumer);
}

TEST_P(PlacedProvidersTest, ARangeFollowsProvidersThatComeAndGo) {
  prefix_.add_zoo("quotes");
  auto& host = start();
  const auto consumer = generation_of(host, "quotes");
  Traffic traffic(host, "/quotes");
  traffic.wait_for("nobody");
  add_bank();
  traffic.wait_for("bank 42");
  prefix_.add_zoo("giro");
  traffic.wait_for("giro 105, bank 42");
  prefix_.add_zoo("visa");
  traffic.wait_for("giro 105, visa 63, bank 42");
  prefix_.drop(zoo_file("bank-1.1"));  // in the place of its former version
  host.wait_for_version("bank", "1.1.0");
  prefix_.disable("giro");
  traffic.wait_for("visa 63, bank 42");
  prefix_.disable("bank");
  traffic.wait_for("visa 63");
  prefix_.enable("giro");
  traffic.wait_for("giro 105, visa 63");
  prefix_.disable("visa");
  traffic.wait_for("giro 105");
  prefix_.disable("giro");
  traffic.wait_for("nobody");
  EXPECT_THAT(traffic.end(), ElementsAre("nobody", "bank 42", "giro 105, bank 42", "giro 105, visa 63, bank 42",
                                         "visa 63, bank 42", "visa 63", "giro 105, visa 63", "giro 105", "nobody"));
  EXPECT_EQ(generation_of(host, "quotes"), consumer);
}

TEST_P(PlacedProvidersTest, TheLogSaysThroughWhomAFailureCame) {
  prefix_.configure({{"log", {{"format", "json"}, {"level", "debug"}}}});
  add_bank();
  prefix_.add_zoo("quotes");
  auto& host = start();
  const auto answer = host.get("/best/francs");
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("a unit has three letters"));
  const auto line = host.wait_for_log("handler failed through a contract");
  EXPECT_EQ(line["way"], "bank 1.0.0: zoo.currency/1 convert") << line;
  EXPECT_EQ(line["reason"], "a unit has three letters");
  EXPECT_EQ(line["plugin"], "quotes");
  EXPECT_EQ(line["route"], "GET /best/{unit}");
  EXPECT_THAT(answer.body, HasSubstr(line["request_id"].get<std::string>()));
  EXPECT_EQ(line["level"], "debug") << "the client's fault, and told to the client";
  EXPECT_EQ(host.get("/best/EUR").body, "42");
}

}  // namespace
}  // namespace mortise::integration
