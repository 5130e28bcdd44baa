// Where a plugin runs is part of what a release is made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "make_wanted.hpp"
#include "release/placement.hpp"
#include "release/planner.hpp"
#include "release/settings_text.hpp"

namespace mortise::release {
namespace {

using testing::make_config;
using testing::make_record;

Wanted make_placed(config::Placement placement) {
  auto config = make_config("notes");
  config->placement = placement;
  return {.config = std::move(config), .record = make_record("notes", "1.0.0")};
}

Plan plan_from(const Wanted& running, const Wanted& wanted) {
  Desired desired;
  desired.wanted.put(wanted);
  desired.order = std::make_shared<StartOrder>(std::vector<std::string>{"notes"});
  Members members;
  members.put({"notes", running.member()});
  return make_plan(desired, members);
}

TEST(Placement, GoesIntoTheSettingsAndOutOfThemAgain) {
  for (const auto placement : {config::Placement::in_line, config::Placement::isolated}) {
    const auto text = settings_text(*make_placed(placement).config);
    config::PluginConfig read;
    read_settings(text, read);
    EXPECT_EQ(read.placement, placement);
    EXPECT_EQ(read.config_text, "{}");
  }
  EXPECT_EQ(settings_text(*make_placed(config::Placement::in_line).config), "{}") << "as it was before there were two";
}

TEST(Placement, AnotherOneIsAStepOfItsOwn) {
  const auto inside = make_placed(config::Placement::in_line);
  const auto apart = make_placed(config::Placement::isolated);
  EXPECT_TRUE(plan_from(inside, inside).is_empty());
  const auto plan = plan_from(inside, apart);
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].kind, Step::Kind::reconfigure);
  EXPECT_EQ(plan.steps[0].reason, "its placement in /plugins.d/notes.json has changed");
}

TEST(Placement, OfAnImageThatHasCrashedTheHostIsIsolatedWhateverItRanAs) {
  Memory memory;
  const auto notes = make_placed(config::Placement::in_line).member();
  memory.isolations["notes"].push_back({.sha256 = "another", .reason = "it crashed the host"});
  EXPECT_EQ(place("notes", notes, memory), notes);
  memory.isolations["notes"].push_back({.sha256 = notes.record->sha256, .reason = "it crashed the host"});
  EXPECT_EQ(place("notes", notes, memory).config_text, "isolated {}");
  EXPECT_EQ(place("other", notes, memory), notes);

  auto runs = notes;
  runs.config_text = "isolated network-granted {}";
  memory.running.put({"notes", runs});
  EXPECT_EQ(place("notes", notes, memory).config_text, runs.config_text) << "with the same sandbox";
}

TEST(Placement, OfWhatHasNotChangedIsTheVerySameConfig) {
  auto config = make_config("notes");
  config->isolated_first = 5;
  const config::PluginConfigPtr given = config;
  const auto record = make_record("notes", "1.0.0");
  IsolatedConfigs isolated;
  const auto first = place(given, *record, {}, isolated);
  EXPECT_EQ(first.config->placement, config::Placement::isolated);
  EXPECT_EQ(first.why, "it is in probation for 5 requests");
  EXPECT_EQ(place(given, *record, {}, isolated).config, first.config);
  Memory memory;
  memory.passed["notes"].insert(record->sha256);
  EXPECT_EQ(place(given, *record, memory, isolated).config, given);
}

TEST(Placement, AMoveThatHasFailedIsNotTriedAgainWhateverIsExposed) {
  auto config = make_config("notes");
  config->isolated_first = 5;
  config->expose.has_all = true;
  const auto record = make_record("notes", "1.0.0");
  Memory memory;
  memory.passed["notes"].insert(record->sha256);
  config::PluginConfig apart = *config;
  apart.placement = config::Placement::isolated;
  memory.running.put({"notes", {.record = record, .config_text = settings_text(apart)}});
  IsolatedConfigs isolated;
  EXPECT_EQ(place(config, *record, memory, isolated).config->placement, config::Placement::in_line);
  memory.failures["notes"].push_back(
      {.member = {.record = record, .config_text = settings_text(*config)}, .reason = "no room", .against = {}});
  const auto placed = place(config, *record, memory, isolated);
  EXPECT_EQ(placed.config->placement, config::Placement::isolated);
  EXPECT_EQ(placed.why, "it did not do inline: no room");
}

TEST(Placement, WritesNumbersForPeople) {
  EXPECT_EQ(with_separators(0), "0");
  EXPECT_EQ(with_separators(999), "999");
  EXPECT_EQ(with_separators(1234), "1,234");
  EXPECT_EQ(with_separators(10'000'000), "10,000,000");
}

}  // namespace
}  // namespace mortise::release
