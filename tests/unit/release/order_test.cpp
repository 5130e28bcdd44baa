#include "release/order.hpp"

#include <gmock/gmock.h>

#include "make_wanted.hpp"

namespace mortise::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_wanted;

std::vector<std::string> names(const std::vector<Wanted>& wanted) {
  std::vector<std::string> list;
  for (const auto& entry : wanted) list.push_back(entry.name());
  return list;
}

std::string provides(const std::string& contract) { return R"(,"provides":[{"contract":")" + contract + R"("}])"; }
std::string needs(const std::string& contract, const std::string& more = "") {
  return R"(,"requires":[{"contract":")" + contract + "\"" + more + "}]";
}

TEST(OrderByContracts, StartsProvidersBeforeTheirConsumers) {
  const auto order =
      order_by_contracts({make_wanted("shop", needs("money/1")), make_wanted("bank", provides("money/1"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("bank", "shop"));
  EXPECT_TRUE(order.refused.empty());
}

TEST(OrderByContracts, KeepsTheOrderOfPluginsThatDoNotDependOnEachOther) {
  const auto order = order_by_contracts({make_wanted("c"), make_wanted("a"), make_wanted("b")});
  EXPECT_THAT(names(order.ordered), ElementsAre("c", "a", "b"));
}

TEST(OrderByContracts, RefusesAConsumerWithoutProviderAndSaysWhatItNeeds) {
  const auto order = order_by_contracts({make_wanted("shop", needs("money/1")), make_wanted("other")});
  EXPECT_THAT(names(order.ordered), ElementsAre("other"));
  ASSERT_EQ(order.refused.size(), 1U);
  EXPECT_EQ(order.refused[0].name, "shop");
  EXPECT_THAT(order.refused[0].reason, HasSubstr("money/1"));
  EXPECT_THAT(order.refused[0].reason, HasSubstr("no enabled plugin provides"));
}

TEST(OrderByContracts, RefusesAProviderOutsideTheRangeAndNamesItsVersion) {
  const auto order = order_by_contracts(
      {make_wanted("shop", needs("money/1", R"(,"provider":">=2")")), make_wanted("bank", provides("money/1"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("bank"));
  ASSERT_EQ(order.refused.size(), 1U);
  EXPECT_THAT(order.refused[0].reason, HasSubstr("'bank' 1.0.0"));
  EXPECT_THAT(order.refused[0].reason, HasSubstr(">=2"));
}

TEST(OrderByContracts, RefusesACircleAndPrintsItsPath) {
  const auto order = order_by_contracts({make_wanted("a", needs("b/1") + provides("a/1")),
                                         make_wanted("b", needs("a/1") + provides("b/1")), make_wanted("c")});
  EXPECT_THAT(names(order.ordered), ElementsAre("c"));
  ASSERT_EQ(order.refused.size(), 2U);
  EXPECT_THAT(order.refused[0].reason, HasSubstr("a -> b -> a"));
}

TEST(OrderByContracts, LetsAnOptionalWishNotCloseACircle) {
  const auto order = order_by_contracts({make_wanted("a", needs("b/1", R"(,"optional":true)") + provides("a/1")),
                                         make_wanted("b", needs("a/1") + provides("b/1"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("a", "b"));
}

TEST(OrderByContracts, StartsWithoutAnOptionalProviderThatIsMissing) {
  const auto order = order_by_contracts({make_wanted("a", needs("b/1", R"(,"optional":true)"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("a"));
}

}  // namespace
}  // namespace mortise::release
