#include "events/events.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/temporary_directory.hpp"
#include "runtime/contract_fixture.hpp"

namespace mortise::events {
namespace {

using runtime::testing::ContractTest;
using runtime::testing::PluginSpec;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr const char* kSaid = "zoo.said/1";
constexpr const char* kSaidForm = "deliver({u64,u64,i64,u32,str,str},{i64,str})->void";
constexpr const char* kSaidOtherwise = "deliver({u64,u64,i64,u32,str,str},{i64})->void";

class EventsTest : public ContractTest {
 protected:
  static manifest::Manifest manifest_of(const std::string& name, const char* form) {
    manifest::Manifest manifest;
    manifest.name = name;
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.contracts[kSaid] = manifest::parse_methods(form).value();
    return manifest;
  }
  runtime::GenerationPtr publisher(const std::string& name, const char* form = kSaidForm) {
    auto manifest = manifest_of(name, form);
    manifest.publishes.push_back({.topic = kSaid, .is_durable = false});
    return generation_of(std::move(manifest));
  }
  runtime::GenerationPtr subscriber(const std::string& name, const char* form = kSaidForm) {
    auto manifest = manifest_of(name, form);
    manifest.provides.push_back({.contract = kSaid, .name = name, .rank = 0, .is_topic = true});
    return generation_of(std::move(manifest));
  }
  base::Result<Publisher*> open(const runtime::GenerationPtr& generation, const char* form = kSaidForm) {
    EXPECT_TRUE(events_.prepare(*generation));
    return events_.open(*generation, kSaid, form);
  }

  const mortise::testing::TemporaryDirectory directory_;
  base::RealFiles files_;
  sql::Sql databases_{directory_.path(), files_, std::chrono::seconds(10)};
  Events events_{contracts_.registry(), databases_, 4, runtime::RetryRules{}};

 private:
  runtime::GenerationPtr generation_of(manifest::Manifest manifest) {
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(std::move(manifest));
    return std::make_shared<runtime::Generation>(++last_, std::move(spec), std::span<runtime::Service* const>());
  }
  std::uint64_t last_ = 0;
};

TEST_F(EventsTest, OpensWhatTheManifestPublishes) {
  EXPECT_TRUE(open(publisher("shop")));
  const auto other = open(subscriber("ear"));
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, AllOf(HasSubstr(kSaid), HasSubstr("\"publishes\"")));
  const auto different = open(publisher("shop"), kSaidOtherwise);
  ASSERT_FALSE(different);
  EXPECT_THAT(different.error().message, AllOf(HasSubstr(kSaidForm), HasSubstr(kSaidOtherwise)));
}

TEST_F(EventsTest, PluginsWithOneFormRunTogether) {
  EXPECT_TRUE(events_.check(set_of({publisher("shop"), subscriber("ear"), subscriber("eye")})).empty());
}

TEST_F(EventsTest, PluginsWithTwoFormsDoNot) {
  const auto shop = publisher("shop");
  const auto ear = subscriber("ear", kSaidOtherwise);
  ASSERT_TRUE(events_.check(set_of({shop})).empty());
  const auto conflicts = events_.check(set_of({shop, ear}));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].culprit, ear);
  EXPECT_EQ(conflicts[0].others, std::vector{shop});
  EXPECT_THAT(conflicts[0].message, AllOf(HasSubstr("'shop' 1.0.0"), HasSubstr("'ear' 1.0.0"), HasSubstr(kSaidForm),
                                          HasSubstr(kSaidOtherwise)));
  EXPECT_EQ(events_.check(set_of({shop, ear})).size(), 1U) << "and is said each time";
}

TEST_F(EventsTest, ASubscriberThatCannotBeReachedDoesNotStart) {
  const auto ear = subscriber("ear");
  const mortise_provision_v1 provision{.struct_size = sizeof provision,
                                       .reserved = 0,
                                       .contract = runtime::testing::str(kSaid),
                                       .methods = runtime::testing::str(kSaidForm),
                                       .name = {},
                                       .provided = &events_,
                                       .dispatch = nullptr};
  ASSERT_TRUE(contracts_.registry().provide(*ear, provision));
  const auto initialised = events_.initialised(*ear);
  ASSERT_FALSE(initialised);
  EXPECT_THAT(initialised.error().message, AllOf(HasSubstr(kSaid), HasSubstr("`dispatch`")));
  contracts_.registry().forget(*ear);
}

}  // namespace
}  // namespace mortise::events
