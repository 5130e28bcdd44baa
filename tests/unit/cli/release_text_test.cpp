#include "cli/release_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sstream>

#include "admin/control_json.hpp"

namespace mortise::cli {
namespace {

using release::Outcome;
using release::Plan;
using release::Step;

Step step(Step::Kind kind, const std::string& plugin, const std::string& from, const std::string& to) {
  Step made;
  made.kind = kind;
  made.plugin = plugin;
  made.from_version = from;
  made.to_version = to;
  made.reason = "because";
  return made;
}

template <class Value>
std::string text_by(void (*print)(const nlohmann::ordered_json&, std::ostream&), const Value& value) {
  std::ostringstream out;
  print(admin::to_json(value), out);
  return out.str();
}

TEST(PlanText, HasALineWithASignForEachKindOfStep) {
  Plan plan;
  plan.steps = {step(Step::Kind::start, "a", "", "1.0.0"),
                step(Step::Kind::upgrade, "b", "1.0.0", "1.1.0"),
                step(Step::Kind::downgrade, "c", "1.1.0", "1.0.0"),
                step(Step::Kind::rebuild, "d", "1.0.0", "1.0.0"),
                step(Step::Kind::reconfigure, "e", "1.0.0", "1.0.0"),
                step(Step::Kind::upgrade, "f", "1.0.0", "2.0.0"),
                step(Step::Kind::stop, "g", "1.0.0", "")};
  EXPECT_EQ(text_by(print_plan, plan),
            "+ a 1.0.0: because\n"
            "^ b 1.0.0 -> 1.1.0: because\n"
            "v c 1.1.0 -> 1.0.0: because\n"
            "~ d 1.0.0 rebuilt: because\n"
            "~ e 1.0.0 reconfigured: because\n"
            "^ f 1.0.0 -> 2.0.0: because\n"
            "- g 1.0.0: because\n"
            "7 changes (1 start, 2 upgrades, 1 downgrade, 1 rebuild, 1 reconfiguration, 1 stop); nothing was changed, "
            "`mortise apply` does it\n");
}

TEST(PlanText, ShowsBelowAStepWhatItTouches) {
  Plan plan;
  plan.steps = {step(Step::Kind::upgrade, "rates", "1.0.0", "2.0.0")};
  plan.steps[0].contracts = {"~ rates/1", "+ rates/2"};
  plan.steps[0].affected = {"shop", "till"};
  EXPECT_EQ(text_by(print_plan, plan),
            "^ rates 1.0.0 -> 2.0.0: because\n"
            "    contracts: ~ rates/1, + rates/2\n"
            "    affects: shop, till\n"
            "1 change (1 upgrade); nothing was changed, `mortise apply` does it\n");
}

TEST(PlanText, ShowsRefusalsWithTheirExhibitAndWhetherWhatRanGoesOn) {
  Plan plan;
  plan.refusals = {
      {.plugin = "shop", .reason = "differs", .exhibit = "    needs  a\n    has    b\n", .keeps_running = true},
      {.plugin = "till", .reason = "no file", .exhibit = {}, .keeps_running = false}};
  EXPECT_EQ(text_by(print_plan, plan),
            "! shop: differs\n"
            "    needs  a\n"
            "    has    b\n"
            "    what ran of it runs on as it was\n"
            "! till: no file\n"
            "    it will not run\n"
            "no changes, 2 refusals; nothing was changed\n");
}

TEST(PlanText, SaysThatThereIsNothingToDo) {
  EXPECT_EQ(text_by(print_plan, Plan{}), "no changes; nothing was changed\n");
}

TEST(PlanText, TakesWhatAHostOfAnotherVersionSays) {
  std::ostringstream out;
  print_plan(nlohmann::ordered_json::parse(R"({"steps": [{"kind": "move", "plugin": "a", "to_version": 7}, 3]})"), out);
  EXPECT_EQ(out.str(), "? a \n1 change (1 change of another kind); nothing was changed, `mortise apply` does it\n");
}

TEST(OutcomeText, SaysWhatWasAppliedAndAsWhatRelease) {
  Outcome outcome;
  outcome.result = Outcome::Result::applied;
  outcome.release = 7;
  outcome.plan.steps = {step(Step::Kind::start, "a", "", "1.0.0")};
  EXPECT_EQ(text_by(print_outcome, outcome), "+ a 1.0.0: because\nrelease 7 applied\n");
  EXPECT_EQ(describe_failure(admin::to_json(outcome)), "");
}

TEST(OutcomeText, SaysThatThereWasNothingToDo) {
  Outcome outcome;
  outcome.release = 6;
  EXPECT_EQ(text_by(print_outcome, outcome), "nothing to do; release 6 runs on\n");
  EXPECT_EQ(describe_failure(admin::to_json(outcome)), "");
}

TEST(OutcomeText, TellsAFailureApart) {
  Outcome outcome;
  outcome.result = Outcome::Result::failed;
  outcome.release = 7;
  outcome.reason = "plugin 'a' 1.0.0: init: no room";
  outcome.plan.steps = {step(Step::Kind::start, "a", "", "1.0.0")};
  EXPECT_EQ(text_by(print_outcome, outcome), "+ a 1.0.0: because\n");
  EXPECT_EQ(describe_failure(admin::to_json(outcome)),
            "release 7 failed: plugin 'a' 1.0.0: init: no room; everything runs on as before");
}

TEST(HistoryText, IsATableWithTheChangesBelowEachAttempt) {
  std::vector<release::HistoryEntry> history(2);
  history[0] = {.release = 9,
                .time = "2026-11-26T09:20:31.004Z",
                .who = "the host",
                .what = "start",
                .result = "applied",
                .reason = {},
                .changes = {{.plugin = "a", .from_version = "", .to_version = "1.0.0", .kind = "start"}}};
  history[1] = {.release = 10,
                .time = "2026-11-26T09:21:31.004Z",
                .who = "root (uid 0)",
                .what = "apply",
                .result = "failed",
                .reason = "init: no room",
                .changes = {{.plugin = "a", .from_version = "1.0.0", .to_version = "1.1.0", .kind = "upgrade"}}};
  EXPECT_EQ(text_by(print_history, history),
            "RELEASE  TIME                      WHO           WHAT   RESULT\n"
            "9        2026-11-26T09:20:31.004Z  the host      start  applied\n"
            "    + a 1.0.0\n"
            "10       2026-11-26T09:21:31.004Z  root (uid 0)  apply  failed\n"
            "    ^ a 1.0.0 -> 1.1.0\n"
            "    init: no room\n");
}

TEST(HistoryText, SaysWhenThereIsNone) {
  EXPECT_EQ(text_by(print_history, std::vector<release::HistoryEntry>{}), "no release has been tried yet\n");
}

}  // namespace
}  // namespace mortise::cli
