// Bindings between plugins of which one, or both, are in another process.
#include "runtime/reach.hpp"

#include <gmock/gmock.h>
#include <string>

#include "reach_fixture.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

using ::testing::AllOf;
using testing::fill_proxy;
using ::testing::HasSubstr;
using testing::PluginSpec;
using testing::provision_of;
using testing::ReachTest;
using testing::requirement_of;
using testing::stamp_over;
using testing::StampContract;

TEST_F(ReachTest, AConsumerHereGetsAProxyOfItsOwnCode) {
  std::uint32_t slot = 0;
  const auto provider = make_provider_elsewhere("provider", &elsewhere_.channel);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  const auto made = release({provider, consumer});
  EXPECT_EQ(call(made->bindings()->data()[slot]), 42U);
  EXPECT_TRUE(cone_of(made, consumer)->reaches(*provider));
}

TEST_F(ReachTest, AProxyLivesAsLongAsATableLeadsThere) {
  std::uint32_t slot = 0;
  const auto provider = make_provider_elsewhere("provider", &elsewhere_.channel);
  const auto next = make_provider_elsewhere("provider", &other_.channel);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  const auto former = cone_of(release({provider, consumer}), consumer);
  const auto made = release({next, consumer});
  EXPECT_EQ(call(former->bindings->data()[slot]), 42U);
  EXPECT_EQ(call(made->bindings()->data()[slot]), 43U);
}

TEST_F(ReachTest, AListMixesThoseWhoAreHereAndElsewhere) {
  std::uint32_t slot = 0;
  StampContract contract{.stamp = {[](void*, std::uint64_t* result) {
                                     *result = 7;
                                     return MORTISE_OK;
                                   },
                                   nullptr}};
  const auto far = make_provider_elsewhere("far", &elsewhere_.channel);
  const auto near = make(PluginSpec("near").provides("zoo.stamp", &contract));
  const auto consumer =
      make_consumer(requirement_of(&fill_proxy, MORTISE_REQUIREMENT_ALL), slot, {.optional = false, .all = true});
  const auto made = release({far, near, consumer});
  const auto& all = *static_cast<const mortise_providers*>(made->bindings()->data()[slot]);
  ASSERT_EQ(all.count, 2U);
  EXPECT_EQ(call(all.items[0].contract), 42U);
  EXPECT_EQ(call(all.items[1].contract), 7U);
}

TEST_F(ReachTest, AConsumerElsewhereIsBoundToChannels) {
  StampContract contract{};
  const auto consumer = make_unregistered(PluginSpec("consumer").requires_("zoo.stamp"));
  const auto slot = contracts_.registry().require_elsewhere(*consumer, requirement_of(nullptr), true).value();
  const auto far = make_provider_elsewhere("provider", &elsewhere_.channel);
  EXPECT_EQ(release({far, consumer})->bindings()->data()[slot], &elsewhere_.channel);

  const auto near = make_unregistered(PluginSpec("provider").provides("zoo.stamp", &contract));
  const auto dispatch = [](const void* provided, std::uint32_t method, mortise_bytes, mortise_bytes* reply) {
    *reply = {static_cast<const std::uint8_t*>(provided), method};
    return MORTISE_OK;
  };
  ASSERT_TRUE(contracts_.registry().provide(*near, provision_of(&contract, dispatch)));
  const auto made = release({near, consumer});
  const auto& channel = *static_cast<const mortise_channel_v1*>(made->bindings()->data()[slot]);
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(call_over(channel, 3, {nullptr, 0}, reply), MORTISE_OK);
  EXPECT_EQ(static_cast<const void*>(reply.data), &contract);
  EXPECT_EQ(reply.size, 3U);
}

TEST_F(ReachTest, WhoHasNothingToCarryCallsWithIsRefusedWithTheRemedy) {
  std::uint32_t slot = 0;
  const auto far = make_provider_elsewhere("provider", &elsewhere_.channel);
  const auto consumer = make_consumer(requirement_of(nullptr), slot);
  const auto conflicts = contracts_.check(set_of({far, consumer}));
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_THAT(conflicts[0].message,
              AllOf(HasSubstr("'consumer' 1.0.0"), HasSubstr("'provider' 1.0.0"), HasSubstr("makes no calls there"),
                    HasSubstr("\"placement\": \"inline\""), HasSubstr("fill_proxy")));

  const auto mute = make_provider_elsewhere("provider", nullptr);
  const auto able = make_consumer(requirement_of(&fill_proxy), slot);
  const auto others = contracts_.check(set_of({mute, able}));
  ASSERT_EQ(others.size(), 1U);
  EXPECT_THAT(others[0].message, AllOf(HasSubstr("takes no calls from there"), HasSubstr("dispatch")));
}

TEST_F(ReachTest, AProxyWhoseSelfIsNotTheChannelIsRefused) {
  const auto consumer = make_unregistered(PluginSpec("consumer").requires_("zoo.stamp"));
  const auto wrong = [](void* contract, const mortise_channel_v1*) {
    static_cast<StampContract*>(contract)->stamp = {&stamp_over, contract};
  };
  const auto refused = contracts_.registry().require(*consumer, requirement_of(wrong));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("zoo.stamp/1"), HasSubstr("fill_proxy"), HasSubstr("channel")));
  EXPECT_FALSE(contracts_.registry().require(*consumer, requirement_of([](void*, const mortise_channel_v1*) {})));
}

TEST(CallOver, AnExceptionIsAFailure) {
  const mortise_channel_v1 channel{
      .struct_size = sizeof channel,
      .reserved = 0,
      .self = nullptr,
      .call = [](void*, std::uint32_t, mortise_bytes, mortise_bytes*) -> mortise_status { throw 123; },
      .reserve = nullptr};
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(call_over(channel, 0, {nullptr, 0}, reply), MORTISE_INTERNAL);
}

}  // namespace
}  // namespace mortise::runtime
