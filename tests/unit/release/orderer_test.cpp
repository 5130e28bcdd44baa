// Whatever changes between two orders, the second one is as if it were the first.
#include "release/orderer.hpp"

#include <gmock/gmock.h>

#include "make_wanted.hpp"
#include "release/order.hpp"

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
  /// "bank other shop"; who is refused comes at the end. `bank` and those that are in each.
  std::vector<std::string> order(const Wanted& bank) {
    const WantedSet wanted{shop_, bank, other_};
    auto fresh = order_by_contracts({wanted.begin(), wanted.end()});
    auto names = names_of(fresh);
    const auto known = orderer_.find(wanted, last_);
    is_known_ = known != nullptr;
    if (is_known_) {
      std::vector<std::string> found;
      for (const auto& name : known->names()) {
        found.push_back(name + wanted.at(name).record->manifest->version.to_string());
      }
      EXPECT_EQ(found, names);
    } else if (fresh.refused.empty()) {
      Desired desired;
      desired.set_wanted(std::move(fresh.ordered));
      orderer_.keep(wanted, last_, desired.order);
    }
    return names;
  }
  static std::vector<std::string> names_of(const Order& order) {
    std::vector<std::string> names;
    for (const auto& one : order.ordered) names.push_back(one.name() + one.record->manifest->version.to_string());
    for (const auto& one : order.refused) names.push_back("no " + one.name);
    return names;
  }

  Orderer orderer_;
  Wanted shop_ = make_wanted("shop", needs("money/1", R"(,"provider":"<3")"), money("convert(i64)->i64"));
  Wanted other_ = make_wanted("other");
  std::vector<std::string> last_;
  bool is_known_ = false;  // the order that was asked for last
};

TEST_F(OrdererTest, TakesTheNewVersionIntoTheFormersPlace) {
  EXPECT_THAT(order(bank("1.0.0")), ElementsAre("bank1.0.0", "other1.0.0", "shop1.0.0"));
  EXPECT_THAT(order(bank("1.1.0")), ElementsAre("bank1.1.0", "other1.0.0", "shop1.0.0"));
  EXPECT_TRUE(is_known_);
  EXPECT_THAT(order(bank("1.2.0")), ElementsAre("bank1.2.0", "other1.0.0", "shop1.0.0"));
  EXPECT_TRUE(is_known_) << "again and again";
}

TEST_F(OrdererTest, RefusesAConsumerWhoseRangeTheNewVersionIsOutOf) {
  order(bank("2.0.0"));
  EXPECT_THAT(order(bank("3.0.0")), ElementsAre("bank3.0.0", "other1.0.0", "no shop"));
  EXPECT_FALSE(is_known_);
  EXPECT_THAT(order(bank("2.0.0")), ElementsAre("bank2.0.0", "other1.0.0", "shop1.0.0"));
}

TEST_F(OrdererTest, RefusesAConsumerThatTheNewMethodsDoNotFit) {
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("money/1"), "convert(i64,str)->i64")),
              ElementsAre("bank1.1.0", "other1.0.0", "no shop"));
  EXPECT_FALSE(is_known_);
}

TEST_F(OrdererTest, RefusesAConsumerWhoseContractIsGone) {
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("coins/1"))), ElementsAre("bank1.1.0", "other1.0.0", "no shop"));
  EXPECT_FALSE(is_known_);
}

TEST_F(OrdererTest, OrdersAnewWhenTheNewVersionRequiresSomething) {
  order(bank("1.0.0"));
  other_ = make_wanted("other", provides("rates/1"));
  order(bank("1.0.0"));
  EXPECT_THAT(order(bank("1.1.0", provides("money/1") + needs("rates/1"))),
              ElementsAre("other1.0.0", "bank1.1.0", "shop1.0.0"));
  EXPECT_FALSE(is_known_);
}

TEST_F(OrdererTest, OrdersAnewWhenSomebodyElseTakesAPlace) {
  order(bank("1.0.0"));
  other_ = make_wanted("another", needs("money/1"), money("convert(i64)->i64"));
  EXPECT_THAT(order(bank("1.0.0")), ElementsAre("bank1.0.0", "another1.0.0", "shop1.0.0"));
  EXPECT_FALSE(is_known_);
}

TEST_F(OrdererTest, OrdersAnewWhenOtherPluginsComeLast) {
  order(bank("1.0.0"));
  last_ = {"bank"};
  order(bank("1.0.0"));
  EXPECT_FALSE(is_known_);
}

}  // namespace
}  // namespace mortise::release
