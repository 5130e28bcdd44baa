// Who is refused of plugins that were built with two forms of one event.
#include "release/topic_forms.hpp"

#include <gmock/gmock.h>

#include "release/make_wanted.hpp"

namespace mortise::release {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::make_config;
using testing::make_record;

constexpr const char* kPublishes = R"(,"publishes":["zoo.said/1"],"interfaces":["mortise.events/1"])";
constexpr const char* kHears = R"(,"subscribes":["zoo.said/1"],"interfaces":["mortise.events/1"])";

Wanted make(const std::string& name, const std::string& version, const char* extra, const char* form) {
  const auto methods = manifest::parse_methods(std::string("deliver({") + form + "})->void").value();
  return {make_config(name), make_record(name, version, extra, {{"zoo.said/1", methods}})};
}

std::vector<std::string> names(const std::vector<Wanted>& wanted) {
  std::vector<std::string> all;
  for (const auto& one : wanted) all.push_back(one.name());
  return all;
}

TEST(TopicForms, TheSecondOfTwoThatDifferIsRefused) {
  std::vector<Wanted> wanted{make("hears", "1.0.0", kHears, "i64"), make("says", "1.0.0", kPublishes, "i64,str"),
                             make("listens", "1.0.0", kHears, "i64")};
  const auto refused = refuse_other_forms(wanted, {});
  EXPECT_THAT(names(wanted), ElementsAre("hears", "listens"));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].name, "says");
  EXPECT_EQ(refused[0].kind, Unmet::Kind::refused);
  EXPECT_THAT(refused[0].reason, AllOf(HasSubstr("zoo.said/1"), HasSubstr("'says' 1.0.0"), HasSubstr("'hears' 1.0.0")));
  EXPECT_THAT(refused[0].exhibit, AllOf(HasSubstr("deliver({i64})->void"), HasSubstr("deliver({i64,str})->void")));
}

TEST(TopicForms, WhatRunsOnHasTheFormThatHolds) {
  const auto running = make("says", "1.0.0", kPublishes, "i64");
  std::vector<Wanted> wanted{make("hears", "2.0.0", kHears, "i64,str"), running};
  const Members members{{"says", running.member()}, {"hears", make("hears", "1.0.0", kHears, "i64").member()}};
  const auto refused = refuse_other_forms(wanted, members);
  EXPECT_THAT(names(wanted), ElementsAre("says"));
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].name, "hears");
}

TEST(TopicForms, ThoseThatChangeTogetherHaveTheirNewForm) {
  std::vector<Wanted> wanted{make("hears", "2.0.0", kHears, "i64,str"), make("says", "2.0.0", kPublishes, "i64,str")};
  const Members members{{"hears", make("hears", "1.0.0", kHears, "i64").member()},
                        {"says", make("says", "1.0.0", kPublishes, "i64").member()}};
  EXPECT_TRUE(refuse_other_forms(wanted, members).empty());
  EXPECT_EQ(wanted.size(), 2U);
}

TEST(TopicForms, WhoseConsumersMayChangeAllTheSame) {
  const auto record = [](const char* name, const char* version, const std::string& extra, const char* form) {
    return make(name, version, extra.c_str(), form).record;
  };
  const auto says = std::string(kPublishes) + testing::provides("speech/1");
  const auto running = [](catalog::RecordPtr one) { return Member{.record = std::move(one), .config_text = "{}"}; };
  Memory memory;
  memory.running = {{"hears", running(record("hears", "1.0.0", kHears, "i64"))},
                    {"says", running(record("says", "1.0.0", says, "i64"))},
                    {"shop", running(record("shop", "1.0.0", testing::needs("speech/1"), "i64"))}};
  config::LoadedPlugins loaded;
  for (const auto* name : {"hears", "says", "shop"}) loaded.plugins.put(make_config(name));
  const auto desired = desire(loaded,
                              {record("hears", "1.0.0", kHears, "i64"), record("says", "2.0.0", says, "i64,str"),
                               record("shop", "2.0.0", testing::needs("speech/1"), "i64")},
                              "/drop", memory);
  std::vector<std::string> runs;
  for (const auto* one : desired.wanted_in_order()) {
    runs.push_back(one->name() + " " + one->record->manifest->version.to_string());
  }
  EXPECT_THAT(runs, ::testing::UnorderedElementsAre("hears 1.0.0", "says 1.0.0", "shop 2.0.0"));
  ASSERT_EQ(desired.unmet.size(), 1U);
  EXPECT_EQ(desired.unmet[0].name, "says");
}

}  // namespace
}  // namespace mortise::release
