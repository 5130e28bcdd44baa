// Which providers will do for a consumer, and what a refusal says when none will.
#include <gmock/gmock.h>

#include "make_wanted.hpp"
#include "release/order.hpp"

namespace mortise::release {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_config;
using testing::make_record;
using testing::make_wanted;
using testing::needs;
using ::testing::Not;
using testing::provides;
using ::testing::SizeIs;

manifest::ContractMethods money(std::string_view methods) {
  return {{"money/1", manifest::parse_methods(methods).value()}};
}

constexpr std::string_view kOld = "supported()->[str]\nconvert(i64)->i64";
constexpr std::string_view kNew = "supported()->[str]\nconvert(i64,str)->i64";

Wanted bank(const std::string& version, std::string_view methods) {
  return {make_config("bank"), make_record("bank", version, provides("money/1"), money(methods))};
}

TEST(OrderProviders, RefuseAConsumerThatWasBuiltWithOtherMethods) {
  const auto order = order_by_contracts({make_wanted("shop", needs("money/1"), money(kNew)), bank("2.0.1", kOld)});
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_EQ(order.refused[0].reason,
            "plugin 'shop': contract money/1: method 2 'convert' differs: needs convert(i64,str)->i64, provider 'bank' "
            "2.0.1 has convert(i64)->i64; upgrade both in one release or pin bank <2");
  EXPECT_THAT(order.refused[0].exhibit,
              AllOf(HasSubstr("convert(i64,str)->i64\n"), HasSubstr("convert(i64)->i64\n"), HasSubstr("^")))
      << "one below the other, with a mark under the first difference";
  EXPECT_THAT(order.ordered, SizeIs(1)) << "the provider runs";
}

TEST(OrderProviders, SayThatAProviderIsOlder) {
  const auto order =
      order_by_contracts({make_wanted("shop", needs("money/1"), money(kNew)), bank("1.0.0", "supported()->[str]")});
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_THAT(order.refused[0].reason,
              AllOf(HasSubstr("method 2 'convert' is missing at the end: needs convert(i64,str)->i64"),
                    HasSubstr("is older than what 'shop' was built with; upgrade 'bank'")));
}

TEST(OrderProviders, MayHaveMoreMethods) {
  const auto order = order_by_contracts(
      {make_wanted("shop", needs("money/1"), money(kOld)), bank("1.1.0", std::string(kOld) + "\nrate()->f64")});
  EXPECT_THAT(order.refused, IsEmpty());
}

TEST(OrderProviders, OfWhichOneWillDoAreEnough) {
  const auto order = order_by_contracts({make_wanted("shop", needs("money/1"), money(kNew)), bank("1.0.0", kOld),
                                         make_wanted("other", provides("money/1"), money(kNew))});
  EXPECT_THAT(order.refused, IsEmpty());
  EXPECT_EQ(order.ordered[0].name(), "other");
}

TEST(OrderProviders, ThatDifferNeverRefuseAnOptionalConsumer) {
  for (const auto* more : {R"(,"optional":true)", R"(,"all":true)"}) {
    const auto order =
        order_by_contracts({make_wanted("shop", needs("money/1", more), money(kNew)), bank("1.0.0", kOld)});
    EXPECT_THAT(order.refused, IsEmpty());
    EXPECT_EQ(order.ordered[0].name(), "shop") << "waits for nobody that it cannot call";
  }
}

TEST(OrderProviders, AreAskedForByName) {
  const auto visa = provides("money/1", R"(,"name":"visa")");
  const auto consumer = make_wanted("shop", needs("money/1", R"(,"name":"visa")"));
  EXPECT_THAT(order_by_contracts({consumer, make_wanted("cards", visa)}).refused, IsEmpty());
  const auto order = order_by_contracts({consumer, make_wanted("bank", provides("money/1"))});
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_THAT(order.refused[0].reason,
              AllOf(HasSubstr("contract money/1 named 'visa': 'bank' 1.0.0 provides it under the name 'bank'"),
                    HasSubstr("drop and enable one that will do")));
}

TEST(OrderProviders, ThatWereDroppedButNotEnabledAreNamed) {
  const std::vector<Spare> spares{{make_record("bank", "1.2.0", provides("money/1"), money(kNew)), false},
                                  {make_record("thrift", "0.9.0", provides("money/1"), money(kOld)), false},
                                  {make_record("other", "1.0.0", provides("x/1")), false}};
  const auto order = order_by_contracts({make_wanted("shop", needs("money/1"), money(kNew))}, spares);
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_EQ(order.refused[0].reason,
            "plugin 'shop': contract money/1: no enabled plugin provides it; plugin 'bank' 1.2.0 would do but is not "
            "enabled; run `mortise enable bank`");
}

TEST(OrderProviders, OfAnotherVersionThatWasDroppedAreNamed) {
  const std::vector<Spare> spares{{make_record("bank", "1.2.0", provides("money/1"), money(kOld)), true}};
  const auto order =
      order_by_contracts({make_wanted("shop", needs("money/1"), money(kOld)), bank("2.0.0", kNew)}, spares);
  ASSERT_THAT(order.refused, SizeIs(1));
  EXPECT_THAT(order.refused[0].reason,
              AllOf(HasSubstr("pin bank <2"), HasSubstr("'bank' 1.2.0 would do but was not chosen"),
                    HasSubstr("plugins.d/bank.json")));
}

TEST(Desire, PointsAConsumerAtADroppedProviderThatIsNotEnabled) {
  auto off = make_config("bank");
  off->enabled = false;
  const auto desired = desire(
      {.plugins = {make_config("shop"), off}, .problems = {}},
      {make_record("shop", "1.0.0", needs("money/1")), make_record("bank", "1.2.0", provides("money/1"))}, "/drop");
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].name, "shop");
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("run `mortise enable bank`"));
}

}  // namespace
}  // namespace mortise::release
