// Where a plugin runs is part of what a release is made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "make_wanted.hpp"
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

}  // namespace
}  // namespace mortise::release
