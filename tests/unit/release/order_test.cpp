#include "release/order.hpp"

#include <gmock/gmock.h>

#include "make_wanted.hpp"

namespace mortise::release {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_wanted;
using testing::needs;
using testing::provides;

std::vector<std::string> names(const std::vector<Wanted>& wanted) {
  std::vector<std::string> list;
  for (const auto& entry : wanted) list.push_back(entry.name());
  return list;
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
  EXPECT_THAT(order.refused[0].reason, HasSubstr("plugin 'a': contract b/1: a circle: a -(b/1)-> b -(a/1)-> a"));
  EXPECT_THAT(order.refused[1].reason, HasSubstr("a circle: b -(a/1)-> a -(b/1)-> b"));
}

TEST(OrderByContracts, RefusesWhoNeedsAPluginInACircleWithoutBlamingIt) {
  const auto order = order_by_contracts(
      {make_wanted("front", needs("a/1")), make_wanted("a", needs("b/1") + provides("a/1")),
       make_wanted("b", needs("c/1") + provides("b/1")), make_wanted("c", needs("a/1") + provides("c/1"))});
  ASSERT_EQ(order.refused.size(), 4U);
  EXPECT_THAT(order.refused[0].reason, HasSubstr("'a' 1.0.0 provides it but cannot start itself"));
  EXPECT_THAT(order.refused[1].reason, HasSubstr("a -(b/1)-> b -(c/1)-> c -(a/1)-> a"));
}

TEST(OrderByContracts, LetsAnotherProviderOpenACircle) {
  const auto order =
      order_by_contracts({make_wanted("a", needs("b/1") + provides("a/1")),
                          make_wanted("b", needs("a/1") + provides("b/1")), make_wanted("other", provides("b/1"))});
  EXPECT_THAT(order.refused, ::testing::IsEmpty());
  EXPECT_THAT(names(order.ordered), ElementsAre("other", "a", "b"));
}

TEST(OrderByContracts, DoesNotLetAPluginProvideForItself) {
  const auto order = order_by_contracts({make_wanted("a", needs("a/1") + provides("a/1"))});
  ASSERT_EQ(order.refused.size(), 1U);
  EXPECT_THAT(order.refused[0].reason, HasSubstr("only 'a' itself provides it"));
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

TEST(OrderByContracts, StartsOptionalProvidersBeforeTheirConsumers) {
  const auto order = order_by_contracts({make_wanted("a", needs("x/1", R"(,"optional":true)")),
                                         make_wanted("b", needs("x/1", R"(,"all":true)")),
                                         make_wanted("one", provides("x/1")), make_wanted("two", provides("x/1"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("one", "two", "a", "b"));
}

TEST(OrderByContracts, StartsWhatWaitsForACircleOfWishesBehindIt) {
  const auto order = order_by_contracts({make_wanted("front", needs("a/1", R"(,"optional":true)")),
                                         make_wanted("b", needs("a/1") + provides("b/1")),
                                         make_wanted("a", needs("b/1", R"(,"optional":true)") + provides("a/1"))});
  EXPECT_THAT(names(order.ordered), ElementsAre("a", "front", "b"));
}

TEST(OrderByContracts, OrdersAThousandLinksOfAChain) {
  std::vector<Wanted> wanted;
  for (int i = 0; i < 1000; ++i) {
    wanted.push_back(make_wanted("p" + std::to_string(i), (i == 999 ? "" : needs("c" + std::to_string(i + 1) + "/1")) +
                                                              provides("c" + std::to_string(i) + "/1")));
  }
  const auto order = order_by_contracts(std::move(wanted));
  ASSERT_EQ(order.ordered.size(), 1000U);
  EXPECT_EQ(order.ordered.front().name(), "p999");
  EXPECT_EQ(order.ordered.back().name(), "p0");
}

}  // namespace
}  // namespace mortise::release
