#include <gmock/gmock.h>

#include "contract_fixture.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

using testing::ContractTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PluginSpec;

// Contracts are only pointers here; nobody calls them.
constexpr int kOne = 1;
constexpr int kTwo = 2;
constexpr int kThree = 3;

class BindingTest : public ContractTest {
 protected:
  const void* bound(const ReleasePtr& release, std::size_t slot = 0) {
    return release->bindings()->data()[slots_.at(slot)];
  }
  std::vector<std::string> names(const ReleasePtr& release, std::size_t slot = 0) {
    const auto& list = *static_cast<const mortise_providers*>(bound(release, slot));
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < list.count; ++i) {
      names.emplace_back(list.items[i].name.data, list.items[i].name.size);
    }
    return names;
  }
  std::string conflict(std::vector<GenerationPtr> generations) {
    const auto conflicts = contracts_.check(set_of(generations));
    if (conflicts.empty()) return "";
    std::string who = conflicts.front().culprit->name();
    for (const auto& other : conflicts.front().others) who += "," + other->name();
    return who + ": " + conflicts.front().message;
  }
};

TEST_F(BindingTest, BindsASlotToTheProvider) {
  const auto provider = make(PluginSpec("p").provides("a", &kOne));
  const auto consumer = make(PluginSpec("c").requires_("a"));
  EXPECT_EQ(bound(release({provider, consumer})), &kOne);
}

TEST_F(BindingTest, PrefersTheHighestRankAndThenTheName) {
  const auto low = make(PluginSpec("low").provides("a", &kOne, {}, -1));
  const auto second = make(PluginSpec("second").provides("a", &kTwo, {}, 5));
  const auto first = make(PluginSpec("first").provides("a", &kThree, {}, 5));
  const auto consumer = make(PluginSpec("c").requires_("a"));
  EXPECT_EQ(bound(release({low, second, first, consumer})), &kThree);
  EXPECT_EQ(bound(release({low, second, consumer})), &kTwo);
}

TEST_F(BindingTest, FindsAProviderByItsName) {
  const auto provider = make(PluginSpec("p").provides("a", &kOne, "ecb", 9).provides("a", &kTwo, "fed"));
  const auto consumer = make(PluginSpec("c").requires_("a", {.provider_name = "fed"}));
  EXPECT_EQ(bound(release({provider, consumer})), &kTwo);
  const auto wanting = make(PluginSpec("w").requires_("a", {.provider_name = "boe"}));
  EXPECT_THAT(conflict({provider, wanting}), HasSubstr("contract a/1 named 'boe', which no running plugin provides"));
}

TEST_F(BindingTest, ListsAllProvidersTheHighestRankFirst) {
  const auto low = make(PluginSpec("low").provides("a", &kOne));
  const auto high = make(PluginSpec("high").provides("a", &kTwo, {}, 1));
  const auto consumer = make(PluginSpec("c").requires_("a", {.all = true}));
  EXPECT_THAT(names(release({low, high, consumer})), ElementsAre("high", "low"));
  EXPECT_THAT(names(release({consumer})), IsEmpty());
}

TEST_F(BindingTest, LeavesAnOptionalSlotUnboundWithoutAProvider) {
  const auto consumer = make(PluginSpec("c").requires_("a", {.optional = true}));
  EXPECT_EQ(conflict({consumer}), "");
  EXPECT_EQ(bound(release({consumer})), nullptr);
}

TEST_F(BindingTest, RemarksOnAnOptionalProviderThatDoesNotFit) {
  const auto provider = make(PluginSpec("p").provides("a", &kOne, {}, 0, "other()->void"));
  const auto consumer = make(PluginSpec("c").requires_("a", {.optional = true}));
  const auto built = contracts_.build(1, set_of({provider, consumer}));
  EXPECT_EQ(bound(built.release), nullptr);
  ASSERT_EQ(built.remarks.size(), 1U);
  EXPECT_THAT(built.remarks[0], HasSubstr("plugin 'c' 1.0.0 does without a provider of contract a/1"));
}

TEST_F(BindingTest, NamesWhoNeedsWhatIsMissing) {
  const auto consumer = make(PluginSpec("c", "2.1.0").requires_("a"));
  EXPECT_EQ(
      conflict({consumer}),
      "c: plugin 'c' 2.1.0 requires contract a/1, which no running plugin provides; see in `mortise list` why its "
      "provider does not run, or enable another");
}

TEST_F(BindingTest, HonoursTheRangeOfTheProvidersVersion) {
  const auto provider = make(PluginSpec("p", "3.0.0").provides("a", &kOne));
  const auto consumer = make(PluginSpec("c").requires_("a", {.range = ">=1 <3"}));
  EXPECT_THAT(
      conflict({provider, consumer}),
      ::testing::EndsWith("contract a/1 from a plugin of version '>=1 <3'; 'p' 3.0.0 provides it but is outside the "
                          "range; drop and enable one that will do"));
}

TEST_F(BindingTest, TakesAppendedMethodsAndRefusesChangedOnes) {
  const auto longer = make(PluginSpec("p").provides("a", &kOne, {}, 0, "stamp()->u64\nmore()->void"));
  const auto changed = make(PluginSpec("q").provides("a", &kTwo, {}, 0, "stamp(u8)->u64"));
  const auto consumer = make(PluginSpec("c").requires_("a"));
  EXPECT_EQ(bound(release({longer, consumer})), &kOne);
  EXPECT_THAT(conflict({changed, consumer}), HasSubstr("stamp"));
}

TEST_F(BindingTest, NamesTheConsumerAndTheProvidersThatDoNotFit) {
  const auto consumer = make(PluginSpec("c").requires_("a"));
  const auto changed = make(PluginSpec("p", "2.0.0").provides("a", &kOne, {}, 0, "stamp(u8)->u64"));
  EXPECT_THAT(conflict({consumer, changed}), ::testing::StartsWith("c,p: plugin 'c' 1.0.0 requires contract a/1; "));
}

TEST_F(BindingTest, NeverBindsAPluginToItself) {
  const auto alone = make(PluginSpec("c").provides("a", &kOne).requires_("a"));
  EXPECT_THAT(conflict({alone}), HasSubstr("which no running plugin provides"));
}

TEST_F(BindingTest, UsesSlotsAgainWhenTheirGenerationIsForgotten) {
  auto first = make(PluginSpec("c").requires_("a", {.optional = true}));
  first.reset();
  make(PluginSpec("d").requires_("a", {.optional = true}));
  ASSERT_EQ(slots_.size(), 2U);
  EXPECT_EQ(slots_[0], slots_[1]);
}

TEST_F(BindingTest, ReachesThroughChainsAndNoFurther) {
  const auto last = make(PluginSpec("last").provides("a", &kOne));
  const auto middle = make(PluginSpec("middle").provides("b", &kTwo).requires_("a"));
  const auto entry = make(PluginSpec("entry").requires_("b"));
  const auto other = make(PluginSpec("other"));
  const auto made = release({last, middle, entry, other});
  EXPECT_TRUE(cone_of(made, entry)->reaches(*entry) && cone_of(made, entry)->reaches(*middle));
  EXPECT_TRUE(cone_of(made, entry)->reaches(*last));
  EXPECT_FALSE(cone_of(made, entry)->reaches(*other));
  EXPECT_TRUE(cone_of(made, middle)->reaches(*last));
  EXPECT_FALSE(cone_of(made, middle)->reaches(*entry));
  EXPECT_FALSE(cone_of(made, last)->reaches(*middle));
}

// Of a set that is like the one before it but for a few, most is kept.

TEST_F(BindingTest, BindsAnewWhoseProviderWasReplaced) {
  const auto consumer = make(PluginSpec("c").requires_("a"));
  auto former = make(PluginSpec("p").provides("a", &kOne));
  EXPECT_EQ(bound(release({consumer, former})), &kOne);
  const auto next = make(PluginSpec("p", "1.1.0").provides("a", &kTwo));
  EXPECT_EQ(bound(release({consumer, next})), &kTwo);
  EXPECT_EQ(bound(release({consumer, former})), &kOne) << "and back";
  former.reset();
  EXPECT_EQ(bound(release({consumer, next})), &kTwo);
}

TEST_F(BindingTest, BindsAnewWhoHasABetterProviderNow) {
  const auto consumer = make(PluginSpec("c").requires_("a"));
  const auto low = make(PluginSpec("low").provides("a", &kOne));
  EXPECT_EQ(bound(release({consumer, low})), &kOne);
  const auto high = make(PluginSpec("high").provides("a", &kTwo, {}, 1));
  EXPECT_EQ(bound(release({consumer, low, high})), &kTwo);
  EXPECT_EQ(bound(release({consumer, low})), &kOne);
}

TEST_F(BindingTest, FindsTheConflictAgainWhenAskedTwice) {
  const auto consumer = make(PluginSpec("c").requires_("a"));
  auto provider = make(PluginSpec("p").provides("a", &kOne));
  EXPECT_EQ(conflict({consumer, provider}), "");
  EXPECT_THAT(conflict({consumer}), HasSubstr("no running plugin provides"));
  EXPECT_THAT(conflict({consumer}), HasSubstr("no running plugin provides"));
  EXPECT_EQ(conflict({consumer, provider}), "");
  provider.reset();  // forgotten between the two
  EXPECT_THAT(conflict({consumer}), HasSubstr("no running plugin provides"));
}

TEST_F(BindingTest, SharesTheConesInWhichNothingHasChanged) {
  const auto base = make(PluginSpec("base").provides("a", &kOne));
  const auto middle = make(PluginSpec("middle").provides("b", &kTwo).requires_("a"));
  const auto other = make(PluginSpec("other").requires_("a"));
  const auto first = release({make(PluginSpec("top").requires_("b")), middle, other, base});
  const auto next = make(PluginSpec("top", "1.1.0").requires_("b"));
  const auto second = release({next, middle, other, base});
  EXPECT_EQ(cone_of(first, middle), cone_of(second, middle));
  EXPECT_EQ(cone_of(first, other), cone_of(second, other));
  EXPECT_TRUE(cone_of(second, next)->reaches(*base));
}

TEST_F(BindingTest, ReachesTheNewEndOfAChain) {
  const auto top = make(PluginSpec("top").requires_("b"));
  const auto middle = make(PluginSpec("middle").provides("b", &kTwo).requires_("a"));
  const auto former = make(PluginSpec("base").provides("a", &kOne));
  const auto first = release({top, middle, former});
  const auto base = make(PluginSpec("base", "1.1.0").provides("a", &kOne));
  const auto second = release({top, middle, base});
  for (const auto& entry : {top, middle}) {
    EXPECT_TRUE(cone_of(second, entry)->reaches(*base)) << entry->name();
    EXPECT_FALSE(cone_of(second, entry)->reaches(*former)) << entry->name();
    EXPECT_TRUE(cone_of(first, entry)->reaches(*former)) << entry->name();
  }
}

TEST_F(BindingTest, FollowsACircleOfOptionalWishes) {
  const auto a = make(PluginSpec("a").provides("a", &kOne).requires_("b", {.optional = true}));
  const auto b = make(PluginSpec("b").provides("b", &kTwo).requires_("a", {.optional = true}));
  const auto former = make(PluginSpec("c").provides("c", &kThree));
  const auto d = make(PluginSpec("d").requires_("a"));
  const auto first = release({a, b, former, d});
  EXPECT_TRUE(cone_of(first, a)->reaches(*b) && cone_of(first, b)->reaches(*a) && cone_of(first, d)->reaches(*b));
  const auto next = make(PluginSpec("b", "1.1.0").provides("b", &kTwo).requires_("a", {.optional = true}));
  const auto second = release({a, next, former, d});
  EXPECT_TRUE(cone_of(second, d)->reaches(*next) && cone_of(second, a)->reaches(*next));
  EXPECT_FALSE(cone_of(second, d)->reaches(*b) || cone_of(second, a)->reaches(*b));
}

TEST_F(BindingTest, KeepsNoGenerationAlive) {
  auto provider = make(PluginSpec("p").provides("a", &kOne));
  auto consumer = make(PluginSpec("c").requires_("a"));
  auto made = release({consumer, provider});
  const std::weak_ptr<Generation> both[]{provider, consumer};
  made.reset();
  provider.reset();
  consumer.reset();
  EXPECT_TRUE(both[0].expired() && both[1].expired());
}

}  // namespace
}  // namespace mortise::runtime
