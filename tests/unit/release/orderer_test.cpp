// Whatever changes between two orders, the second one is as if it were the first.
#include "release/orderer.hpp"

#include <gmock/gmock.h>

#include "make_wanted.hpp"

namespace mortise::release {
namespace {

using ::testing::ElementsAre;
using testing::make_config;
using testing::make_record;
using testing::make_wanted;
using testing::needs;
using testing::provides;

manifest::ContractMethods money(std::string_view methods) {
  return {{"money/1", manifest::parse_methods(methods).value()}};
}

Wanted bank(const std::string& version, const std::string& contracts = provides("money/1"),
            std::string_view methods = "convert(i64)->i64") {
  return {make_config("bank"), make_record("bank", version, contracts, money(methods))};
}

class OrdererTest : public ::testing::Test {
 protected:
  /// "other bank shop"; who is refused comes after a bar. `bank_` and those that are in each.
  std::vector<std::string> order(const Wanted& bank) {
    const std::vector<Wanted> wanted{shop_, bank, other_};
    const auto known = names(orderer_.order(wanted, {}));
    EXPECT_EQ(known, names(order_by_contracts(wanted)));
    return known;
  }
  static std::vector<std::string> names(const Order& order) {
    std::vector<std::string> names;
    for (const auto& one : order.ordered) names.push_back(one.name() + one.record->manifest->version.to_string());
    for (const auto& one : order.refused) names.push_back("no " + one.name);
    return names;
  }

  Orderer orderer_;
  Wanted shop_ = make_wanted("shop", needs("money/1", R"(,"provider":"<3")"), money("convert(i64)->i64"));
  Wanted other_ = make_wanted("other");
};

TEST_F(OrdererTest, TakesTheNewVersionIntoTheFormersPlace) {
  EXPECT_THAT(order(bank("1.0.0")), ElementsAre("bank1.0.0", "shop1.0.0", "other1.0.0"));
  EXPECT_THAT(order(bank("1.1.0")), ElementsAre("bank1.1.0", "shop1.0.0", "other1.0.0"));
  EXPECT_THAT(order(bank("1.1.0")), ElementsAre("bank1.1.0", "shop1.0.0", "other1.0.0"));
}

TEST_F(OrdererTest, RefusesAConsumerWhoseRangeTheNewVersionIsOutOf) {
  order(bank("2.0.0"));
  EXPECT_THAT(order(bank("3.0.0")), ElementsAre("bank3.0.0", "other1.0.0", "no shop"));
  EXPECT_THAT(order(bank("2.0.0")), ElementsAre("bank2.0.0", "shop1.0.0", "other1.0.0"));
}

TEST_F(OrdererTest, RefusesAConsumerThatTheNewMethodsDoNotFit) {
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("money/1"), "convert(i64,str)->i64")),
              ElementsAre("bank1.1.0", "other1.0.0", "no shop"));
}

TEST_F(OrdererTest, RefusesAConsumerWhoseContractIsGone) {
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("coins/1"))), ElementsAre("bank1.1.0", "other1.0.0", "no shop"));
}

TEST_F(OrdererTest, OrdersAnewWhenTheNewVersionRequiresSomething) {
  order(bank("1.0.0"));
  other_ = make_wanted("other", provides("rates/1"));
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("money/1") + needs("rates/1"))),
              ElementsAre("other1.0.0", "bank1.1.0", "shop1.0.0"));
}

TEST_F(OrdererTest, OrdersAnewWhenSomebodyElseTakesAPlace) {
  order(bank("1.0.0"));
  other_ = make_wanted("another", needs("money/1"), money("convert(i64)->i64"));
  EXPECT_THAT(order(bank("1.0.0")), ElementsAre("bank1.0.0", "shop1.0.0", "another1.0.0"));
}

}  // namespace
}  // namespace mortise::release
