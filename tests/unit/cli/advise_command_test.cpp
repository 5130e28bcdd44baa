// `mortise advise` against a control server whose host is made up.
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "control_commands_fixture.hpp"

namespace mortise::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class AdviseCommand : public ControlCommands {
 protected:
  AdviseCommand() {
    control_.observation_ = admin::some_calls();
    for (const auto& plugin : control_.observation_->plugins) control_.status_->plugins.push_back(plugin.status);
    release::PluginStatus failed;
    failed.name = "till";
    failed.state = "failed";
    control_.status_->plugins.push_back(failed);
  }
};

TEST_F(AdviseCommand, TellsOfAllWhatMovingThemWouldCost) {
  start();
  EXPECT_EQ(run({"advise", "--for", "2s"}), 0) << err_.str();
  EXPECT_THAT(control_.calls(), ElementsAre("observe for 2000 ms by " + base::describe_user(::getuid())));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("observed for 2.00 s: 100 requests, 200 calls between plugins"),
                    HasSubstr("rates   inline     -           100         2.00       5.00 us"),
                    HasSubstr("rates   isolated  +"), HasSubstr("rates   remote    +"),
                    HasSubstr("idle    -         -"), HasSubstr("no calls in 2.00 s; let users use it and ask again"),
                    HasSubstr("not counted: calls of till/1 from 'shop' to 'till'")));
  EXPECT_EQ(run({"advise"}), 0);
  EXPECT_THAT(control_.calls().back(), HasSubstr("observe for 5000 ms"));
}

TEST_F(AdviseCommand, OfOnePluginItShowsTheMethods) {
  start();
  EXPECT_EQ(run({"advise", "rates"}), 0);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("CONSUMER"), HasSubstr("convert"), Not(HasSubstr("idle")), Not(HasSubstr("'till'"))));
}

TEST_F(AdviseCommand, JsonHasEverything) {
  start();
  EXPECT_EQ(run({"advise", "--json"}), 0);
  const auto all = nlohmann::json::parse(out_.str());
  EXPECT_EQ(all["observation"]["calls"][0]["methods"][0]["calls"], 200);
  EXPECT_GT(all["crossings"]["isolated"]["wall_us"], 0);
  EXPECT_GT(all["crossings"]["remote"]["processor_us"], 0);
  ASSERT_EQ(all["plugins"].size(), 3U);
  EXPECT_EQ(all["plugins"][1]["calls_in"]["per_request"], 2);
  EXPECT_EQ(all["plugins"][1]["moves"][0]["to"], "isolated");
  EXPECT_GT(all["plugins"][1]["moves"][0]["processor_ms_per_s"], 0);
  EXPECT_NE(all["plugins"][0]["verdict"], "");
}

TEST_F(AdviseCommand, OfWhoIsNotThereItSaysSoAtOnce) {
  start();
  EXPECT_EQ(run({"advise", "rate"}), 1);
  EXPECT_EQ(err_.str(), "the host knows no plugin 'rate'; did you mean 'rates'?\n");
  EXPECT_EQ(run({"advise", "till"}), 1);
  EXPECT_EQ(err_.str(), "plugin 'till' does not run; `mortise status till` tells why\n");
  EXPECT_THAT(control_.calls(), IsEmpty());
}

TEST_F(AdviseCommand, WhatIsNoTimeIsWrongUsageAndWhatTheHostRefusesFails) {
  start();
  EXPECT_EQ(run({"advise", "--for", "5"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("'5' is no time such as 5s, 500ms or 2m"));
  EXPECT_EQ(run({"advise", "--for", "11m"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("from 100 to 600000"));
  control_.observation_ = base::Error{base::ErrorCode::already_exists, "calls are being observed already"};
  EXPECT_EQ(run({"advise"}), 1);
  EXPECT_EQ(err_.str(), "calls are being observed already\n");
}

}  // namespace
}  // namespace mortise::cli
