// Of a plugin that another host runs, what concerns this one.
#include "release/remote_record.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <string>

#include "config/config.hpp"
#include "make_wanted.hpp"
#include "release/desired.hpp"
#include "release/planner.hpp"

namespace mortise::release {
namespace {

using testing::make_config;
using testing::make_record;
using testing::needs;
using testing::provides;

catalog::RecordPtr make_shop() {
  return make_record("shop", "1.0.0",
                     provides("shop.prices/1") + needs("bank.rates/1") +
                         R"(,"interfaces":["mortise.http/1","mortise.sql/1","mortise.events/1"],)"
                         R"("publishes":["shop.sold/1"],"subscribes":["bank.closed/1"])");
}

config::LoadedPlugins load(const std::string& remote) {
  auto config = make_config("shop");
  if (!remote.empty()) {
    config->placement = config::Placement::remote;
    config->remote = remote;
  }
  config::LoadedPlugins plugins;
  plugins.plugins.put(std::move(config));
  return plugins;
}

TEST(RemoteRecord, HasWhatOthersCallAndNothingElse) {
  const auto record = make_shop();
  const auto remote = to_remote(*record);
  EXPECT_EQ(remote->sha256, record->sha256);
  ASSERT_EQ(remote->manifest->provides.size(), 2U) << "what it hears is called as well";
  EXPECT_EQ(remote->manifest->provides[0].contract, "shop.prices/1");
  EXPECT_TRUE(remote->manifest->requires_.empty());
  EXPECT_TRUE(remote->manifest->publishes.empty());
  EXPECT_FALSE(remote->manifest->names_interface("mortise.sql/1"));
  EXPECT_EQ(record->manifest->requires_.size(), 1U) << "the file's own is as it was";
}

TEST(RemoteRecord, IsTheVerySameWhileTheFileIs) {
  RemoteRecords records;
  const auto record = make_shop();
  const auto first = records.of(record);
  EXPECT_EQ(records.of(record), first);
  EXPECT_NE(records.of(make_shop()), first);
}

TEST(RemoteRecord, NeedsNobodyHere) {
  catalog::RecordSet records;
  records.put(make_shop());
  EXPECT_EQ(desire(load(""), records, "/drop").wanted.size(), 0U) << "nobody provides bank.rates/1";
  const auto desired = desire(load("http://10.0.0.7:9000"), records, "/drop");
  ASSERT_EQ(desired.wanted.size(), 1U);
  EXPECT_TRUE(desired.unmet.empty());
  EXPECT_EQ(desired.wanted.at("shop").identity().config_text, "remote=http://10.0.0.7:9000 {}");
}

TEST(RemoteRecord, AnotherHostIsAStepOfItsOwn) {
  catalog::RecordSet records;
  records.put(make_shop());
  const auto before = desire(load("http://10.0.0.7:9000"), records, "/drop");
  Members members;
  members.put({"shop", before.wanted.at("shop").member()});
  EXPECT_TRUE(make_plan(before, members).is_empty());
  const auto plan = make_plan(desire(load("http://10.0.0.8:9000"), records, "/drop"), members);
  ASSERT_EQ(plan.steps.size(), 1U);
  EXPECT_EQ(plan.steps[0].reason, "its placement in /plugins.d/shop.json has changed");
}

}  // namespace
}  // namespace mortise::release
