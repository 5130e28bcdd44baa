// What is desired beside what runs, what has failed, and what a rollback holds.
#include <gmock/gmock.h>

#include "make_wanted.hpp"
#include "release/desired.hpp"
#include "release/planner.hpp"

namespace mortise::release {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::make_config;
using testing::make_record;
using testing::needs;
using testing::provides;
using ::testing::SizeIs;

const std::filesystem::path kDrop = "/drop";

Member member(const std::string& name, const std::string& version, const std::string& extra = "") {
  return {.record = make_record(name, version, extra), .config_text = "{}"};
}

/// "a 1.0.0, b 2.0.0"
std::string wanted(const Desired& desired) {
  std::string text;
  for (const auto* one : desired.wanted_in_order()) {
    text += (text.empty() ? "" : ", ") + one->name() + " " + one->record->manifest->version.to_string();
  }
  return text;
}

config::LoadedPlugins enabled(const std::vector<std::string>& names) {
  config::LoadedPlugins loaded;
  for (const auto& name : names) loaded.plugins.put(make_config(name));
  return loaded;
}

TEST(DesireBesideWhatRuns, KeepsAPluginWhoseFileIsGone) {
  Memory memory;
  memory.running = {{"a", member("a", "1.0.0")}};
  const auto desired = desire(enabled({"a"}), {}, kDrop, memory);
  EXPECT_EQ(wanted(desired), "a 1.0.0");
  EXPECT_TRUE(make_plan(desired, memory.running).is_empty());
}

TEST(DesireBesideWhatRuns, RefusesAnUpgradeThatDropsAContractStillRequired) {
  Memory memory;
  memory.running = {{"bank", member("bank", "1.0.0", provides("money/1"))},
                    {"shop", member("shop", "1.0.0", needs("money/1"))}};
  const auto desired =
      desire(enabled({"bank", "shop"}),
             {make_record("bank", "2.0.0", provides("money/2")), make_record("shop", "1.0.0", needs("money/1"))}, kDrop,
             memory);
  EXPECT_EQ(wanted(desired), "bank 1.0.0, shop 1.0.0");
  const auto plan = make_plan(desired, memory.running);
  EXPECT_TRUE(plan.is_empty());
  ASSERT_THAT(plan.refusals, SizeIs(1));
  EXPECT_EQ(plan.refusals[0].plugin, "bank");
  EXPECT_TRUE(plan.refusals[0].keeps_running);
  EXPECT_THAT(plan.refusals[0].reason, AllOf(HasSubstr("2.0.0"), HasSubstr("'shop'"), HasSubstr("money/1")));
}

TEST(DesireBesideWhatRuns, UpgradesBothSidesOfAContractTogether) {
  Memory memory;
  memory.running = {{"bank", member("bank", "1.0.0", provides("money/1"))},
                    {"shop", member("shop", "1.0.0", needs("money/1"))}};
  const auto desired =
      desire(enabled({"bank", "shop"}),
             {make_record("bank", "2.0.0", provides("money/2")), make_record("shop", "2.0.0", needs("money/2"))}, kDrop,
             memory);
  EXPECT_EQ(wanted(desired), "bank 2.0.0, shop 2.0.0");
  EXPECT_THAT(desired.unmet, IsEmpty());
}

TEST(DesireBesideWhatRuns, RefusesAnUpgradeWhoseOwnContractIsMissing) {
  Memory memory;
  memory.running = {{"shop", member("shop", "1.0.0")}};
  const auto desired = desire(enabled({"shop"}), {make_record("shop", "1.1.0", needs("money/1"))}, kDrop, memory);
  EXPECT_EQ(wanted(desired), "shop 1.0.0");
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_THAT(desired.unmet[0].reason, HasSubstr("money/1"));
}

TEST(DesireBesideWhatRuns, DoesNotBlameAnUpgradeForAProviderThatWasDisabled) {
  Memory memory;
  memory.running = {{"bank", member("bank", "1.0.0", provides("money/1"))},
                    {"post", member("post", "1.0.0", provides("mail/1"))},
                    {"shop", member("shop", "1.0.0", R"(,"requires":[{"contract":"money/1"},{"contract":"mail/1"}])")}};
  const auto desired =
      desire(enabled({"post", "shop"}),
             {make_record("post", "1.1.0", provides("mail/1")),
              make_record("shop", "1.0.0", R"(,"requires":[{"contract":"money/1"},{"contract":"mail/1"}])")},
             kDrop, memory);
  EXPECT_EQ(wanted(desired), "post 1.1.0") << "the admin has taken the bank away, and the shop with it";
}

TEST(DesireBesideWhatRuns, GoesBackToTheNextBestWhereAVersionHasFailed) {
  Memory memory;
  memory.failures["a"] = {{.member = member("a", "1.2.0"), .reason = "init: no", .against = {}}};
  const auto desired = desire(enabled({"a"}), {make_record("a", "1.1.0"), make_record("a", "1.2.0")}, kDrop, memory);
  EXPECT_EQ(wanted(desired), "a 1.1.0");
  ASSERT_THAT(desired.unmet, SizeIs(1));
  EXPECT_EQ(desired.unmet[0].kind, Unmet::Kind::failed);
  EXPECT_EQ(desired.unmet[0].reason, "init: no");
}

/// Knows that version 1.2.0 of any plugin cannot start.
base::Result<void> refuse_1_2(const manifest::Manifest& manifest) {
  if (manifest.version.to_string() != "1.2.0") return {};
  return base::Error{base::ErrorCode::failed_precondition, "it cannot"};
}

TEST(DesireBesideWhatRuns, RefusesWhatIsKnownNotToStartAndHasTheNextBest) {
  Memory memory;
  memory.running = {{"a", member("a", "1.3.0")}, {"b", member("b", "1.3.0")}};
  auto below = make_config("a", "<1.3");
  auto only = make_config("b", "1.2.0");
  const auto desired = desire(
      {.plugins = {below, only, make_config("c", "=1.2.0")}, .problems = {}},
      {make_record("a", "1.1.0"), make_record("a", "1.2.0"), make_record("b", "1.2.0"), make_record("c", "1.2.0")},
      kDrop, memory, &refuse_1_2);
  EXPECT_EQ(wanted(desired), "a 1.1.0, b 1.3.0") << "who has none goes on as it is, or does not begin";
  const auto plan = make_plan(desired, memory.running);
  EXPECT_THAT(plan.steps, SizeIs(1));
  ASSERT_THAT(plan.refusals, SizeIs(3));
  EXPECT_EQ(plan.refusals[0].reason, "it cannot");
  EXPECT_TRUE(plan.refusals[1].keeps_running);
  EXPECT_FALSE(plan.refusals[2].keeps_running);
}

TEST(DesireBesideWhatRuns, AsksNothingOfWhatRunsAlready) {
  Memory memory;
  memory.running = {{"a", member("a", "1.2.0")}};
  const auto desired = desire(enabled({"a"}), {make_record("a", "1.2.0")}, kDrop, memory, &refuse_1_2);
  EXPECT_EQ(wanted(desired), "a 1.2.0");
  EXPECT_THAT(desired.unmet, IsEmpty());
}

TEST(DesireBesideWhatRuns, AsksAgainOfWhatWasRefused) {
  Desiring desiring;
  bool is_mended = false;
  std::size_t asked = 0;
  const auto check = [&](const manifest::Manifest& manifest) {
    ++asked;
    return is_mended ? base::Result<void>() : refuse_1_2(manifest);
  };
  const auto plugins = enabled({"a", "b"});
  const catalog::RecordSet records{make_record("a", "1.2.0"), make_record("b", "1.1.0")};
  EXPECT_EQ(wanted(desiring.desire(plugins, records, kDrop, {}, check)), "b 1.1.0");
  EXPECT_EQ(asked, 2U);
  is_mended = true;
  EXPECT_EQ(wanted(desiring.desire(plugins, records, kDrop, {}, check)), "a 1.2.0, b 1.1.0");
  EXPECT_EQ(wanted(desiring.desire(plugins, records, kDrop, {}, check)), "a 1.2.0, b 1.1.0");
  EXPECT_EQ(asked, 3U) << "and not of what was chosen";
}

TEST(DesireBesideWhatRuns, TriesAFailedVersionAgainWithAnotherConfig) {
  Memory memory;
  memory.failures["a"] = {{.member = member("a", "1.2.0"), .reason = "init: no", .against = {}}};
  auto plugin = make_config("a");
  plugin->config_text = R"({"size":2})";
  const auto desired = desire({.plugins = {plugin}, .problems = {}},
                              {make_record("a", "1.2.0", R"(,"config":{"type":"object"})")}, kDrop, memory);
  EXPECT_EQ(wanted(desired), "a 1.2.0");
}

TEST(DesireBesideAHold, StaysWithWhatWasRolledBackToUntilSomethingElseIsAskedFor) {
  Memory memory;
  memory.running = {{"a", member("a", "1.0.0")}};
  const auto bad = member("a", "1.1.0");
  memory.holds["a"] = {.member = memory.running.at("a").second, .instead_of = bad.identity(), .reason = "rolled back"};
  EXPECT_EQ(wanted(desire(enabled({"a"}), {make_record("a", "1.1.0")}, kDrop, memory)), "a 1.0.0");
  const auto next = desire(enabled({"a"}), {make_record("a", "1.1.0"), make_record("a", "1.2.0")}, kDrop, memory);
  EXPECT_EQ(wanted(next), "a 1.2.0");
  EXPECT_THAT(next.lifted, ElementsAre("a"));
}

TEST(DesireBesideAHold, LetsAPluginRunThatIsDisabledAndOneNotThatIsEnabled) {
  Memory memory;
  memory.holds["gone"] = {.member = member("gone", "1.0.0"), .instead_of = {}, .reason = "rolled back"};
  memory.holds["new"] = {.member = {}, .instead_of = member("new", "1.0.0").identity(), .reason = "rolled back"};
  EXPECT_EQ(wanted(desire(enabled({"new"}), {make_record("new", "1.0.0")}, kDrop, memory)), "gone 1.0.0");
}

TEST(Plan, SaysWhatHappensToWhomAndWhy) {
  Members running = {{"bank", member("bank", "1.0.0", provides("money/1"))},
                     {"shop", member("shop", "1.0.0", needs("money/1"))},
                     {"old", member("old", "1.0.0")}};
  Memory memory;
  memory.running = running;
  const auto desired = desire(enabled({"bank", "shop", "young"}),
                              {make_record("bank", "1.1.0", provides("money/1")),
                               make_record("shop", "1.0.0", needs("money/1")), make_record("young", "1.0.0")},
                              kDrop, memory);
  const auto plan = make_plan(desired, running);
  ASSERT_THAT(plan.steps, SizeIs(3));
  EXPECT_EQ(plan.steps[0].kind, Step::Kind::upgrade);
  EXPECT_EQ(plan.steps[0].from_version, "1.0.0");
  EXPECT_EQ(plan.steps[0].to_version, "1.1.0");
  EXPECT_THAT(plan.steps[0].reason, HasSubstr("/drop/bank-1.1.0.so"));
  EXPECT_THAT(plan.steps[0].contracts, ElementsAre("~ money/1"));
  EXPECT_THAT(plan.steps[0].affected, ElementsAre("shop"));
  EXPECT_EQ(plan.steps[1].kind, Step::Kind::start);
  EXPECT_THAT(plan.steps[1].reason, HasSubstr("/plugins.d/young.json"));
  EXPECT_EQ(plan.steps[2].kind, Step::Kind::stop);
  EXPECT_EQ(plan.steps[2].plugin, "old");
}

TEST(DesireBesideAnIsolation, ItLiftsNoMark) {
  Memory memory;
  memory.isolations["a"] = {{.sha256 = "a1.1.0", .reason = "it crashed the host"}};
  const catalog::RecordSet records{make_record("a", "1.0.0"), make_record("a", "1.1.0")};
  ASSERT_EQ(wanted(desire(enabled({"a"}), records, kDrop, memory)), "a 1.1.0");
  memory.failures["a"] = {
      {.member = member("a", "1.1.0"), .reason = "did not pass its trial", .against = {}, .is_marked = true}};
  EXPECT_EQ(wanted(desire(enabled({"a"}), records, kDrop, memory)), "a 1.0.0");
}

TEST(DesireBesideAnIsolation, ItLiftsNoHold) {
  Memory memory;
  memory.holds["a"] = {.member = member("a", "1.0.0"), .instead_of = {"a1.1.0", "{}"}, .reason = "rolled back"};
  memory.isolations["a"] = {{.sha256 = "a1.1.0", .reason = "it crashed the host"}};
  const catalog::RecordSet records{make_record("a", "1.0.0"), make_record("a", "1.1.0")};
  const auto desired = desire(enabled({"a"}), records, kDrop, memory);
  EXPECT_EQ(wanted(desired), "a 1.0.0");
  EXPECT_THAT(desired.lifted, IsEmpty());
}

}  // namespace
}  // namespace mortise::release
