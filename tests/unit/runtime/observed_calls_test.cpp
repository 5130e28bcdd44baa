// Calls between plugins while they are observed: what is counted, of whom, and that nothing else changes by it.
#include "runtime/observed_calls.hpp"

#include <gmock/gmock.h>
#include <thread>
#include <vector>

#include "reach_fixture.hpp"
#include "runtime/observed_channel.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::fill_proxy;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::PluginSpec;
using testing::provision_of;
using testing::ReachTest;
using testing::requirement_of;
using testing::StampContract;
using testing::str;

/// A provider that is here: it says a number, fails while that is 0, and may ask another one first.
struct Here {
  std::uint64_t number = 7;
  const void* const* next = nullptr;  // the binding of what it asks
  StampContract contract{.stamp = {&call, this}};

  static mortise_status call(void* self, std::uint64_t* result) {
    const auto& here = *static_cast<const Here*>(self);
    std::uint64_t others = 0;
    if (here.next != nullptr) {
      const auto& stamp = static_cast<const StampContract*>(*here.next)->stamp;
      if (const auto status = stamp.call(stamp.self, &others); status != MORTISE_OK) return status;
    }
    *result = here.number + others;
    return here.number == 0 ? MORTISE_NOT_FOUND : MORTISE_OK;
  }
  /// The reply is where the next one is written: read it before the next call.
  static mortise_status dispatch(const void* provided, std::uint32_t, mortise_bytes, mortise_bytes* reply) {
    thread_local std::uint64_t result = 0;
    const auto& stamp = static_cast<const StampContract*>(provided)->stamp;
    const auto status = stamp.call(stamp.self, &result);
    *reply = {reinterpret_cast<const std::uint8_t*>(&result), sizeof result};
    return status;
  }
};

class ObservedCallsTest : public ReachTest {
 protected:
  GenerationPtr make_provider(const std::string& name, const Here& here) {
    auto provider = make_unregistered(PluginSpec(name).provides("zoo.stamp", &here.contract));
    EXPECT_TRUE(contracts_.registry().provide(*provider, provision_of(&here.contract, &Here::dispatch)));
    return provider;
  }
  void observe() {
    calls_ = std::make_shared<ObservedCalls>();
    contracts_.observe(calls_);
  }
  static const void* binding(const ReleasePtr& release, std::uint32_t slot) {
    return release->bindings()->data()[slot];
  }
  static mortise_status try_call(const void* contract) {
    std::uint64_t result = 0;
    const auto& stamp = static_cast<const StampContract*>(contract)->stamp;
    return stamp.call(stamp.self, &result);
  }
  /// "consumer>provider zoo.stamp/1 stamp 3/1 0+16": calls, failures, bytes of requests and replies.
  std::vector<std::string> counted() const {
    std::vector<std::string> lines;
    for (const auto& one : calls_->report()) {
      for (const auto& method : one.methods) {
        lines.push_back(one.pair.consumer + ">" + one.pair.provider + " " + one.pair.contract + " " + method.name +
                        " " + std::to_string(method.calls) + "/" + std::to_string(method.failures) + " " +
                        std::to_string(method.request_bytes) + "+" + std::to_string(method.reply_bytes));
      }
    }
    return lines;
  }

  std::shared_ptr<ObservedCalls> calls_;
  Here here_;
};

TEST_F(ObservedCallsTest, CountsCallsFailuresAndSizesOfPluginsThatAreHere) {
  std::uint32_t slot = 0;
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  observe();
  const auto made = release({provider, consumer});
  EXPECT_THAT(counted(), IsEmpty());
  EXPECT_EQ(call(binding(made, slot)), 7U);
  EXPECT_EQ(call(binding(made, slot)), 7U);
  here_.number = 0;
  EXPECT_EQ(try_call(binding(made, slot)), MORTISE_NOT_FOUND);
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 3/1 0+16"));
  EXPECT_TRUE(cone_of(made, consumer)->reaches(*provider));
}

TEST_F(ObservedCallsTest, TheDirectBindingComesBackAndTheCountsStay) {
  std::uint32_t slot = 0;
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  const auto before = release({provider, consumer});
  EXPECT_EQ(binding(before, slot), &here_.contract);
  observe();
  const auto observed = release({provider, consumer});
  EXPECT_NE(binding(observed, slot), &here_.contract);
  EXPECT_NE(cone_of(observed, consumer), cone_of(before, consumer));
  EXPECT_EQ(call(binding(observed, slot)), 7U);
  contracts_.observe(nullptr);
  const auto after = release({provider, consumer});
  EXPECT_EQ(binding(after, slot), &here_.contract);
  EXPECT_EQ(cone_of(after, consumer)->bindings->data()[slot], &here_.contract);
  EXPECT_EQ(call(binding(after, slot)), 7U);
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 1/0 0+8"));
}

TEST_F(ObservedCallsTest, AScopeOfAFormerReleaseGoesOnAsItWasEntered) {
  std::uint32_t slot = 0;
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  const auto direct = cone_of(release({provider, consumer}), consumer);
  const Scope first(direct);
  observe();
  const auto observed = cone_of(release({provider, consumer}), consumer);
  EXPECT_EQ(call(Scope::current()->table().bindings[slot]), 7U);
  EXPECT_THAT(counted(), IsEmpty());
  const Scope second(observed);
  contracts_.observe(nullptr);
  release({provider, consumer});
  EXPECT_EQ(call(Scope::current()->table().bindings[slot]), 7U);
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 1/0 0+8"));
}

TEST_F(ObservedCallsTest, ACallInsideAnotherCountsForBothAndTakesPartOfItsTime) {
  std::uint32_t slot = 0;
  std::uint32_t next = 0;
  Here middle{.number = 1};
  auto relay = make_unregistered(PluginSpec("relay").provides("zoo.stamp", &middle.contract).requires_("zoo.end"));
  ASSERT_TRUE(contracts_.registry().provide(*relay, provision_of(&middle.contract, &Here::dispatch)));
  auto wish = requirement_of(&fill_proxy);
  wish.contract = str("zoo.end/1");
  next = contracts_.registry().require(*relay, wish).value();
  auto end = make_unregistered(PluginSpec("end").provides("zoo.end", &here_.contract));
  auto offer = provision_of(&here_.contract, &Here::dispatch);
  offer.contract = str("zoo.end/1");
  ASSERT_TRUE(contracts_.registry().provide(*end, offer));
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  observe();
  const auto made = release({end, relay, consumer});
  middle.next = &made->bindings()->data()[next];
  EXPECT_EQ(call(binding(made, slot)), 8U);
  EXPECT_THAT(counted(), ElementsAre("consumer>relay zoo.stamp/1 stamp 1/0 0+8", "relay>end zoo.end/1 stamp 1/0 0+8"));
  const auto report = calls_->report();
  EXPECT_GE(report[0].methods[0].taken, report[1].methods[0].taken);
}

TEST_F(ObservedCallsTest, AListCountsForEachOfItsProvidersWhereverTheyAre) {
  std::uint32_t slot = 0;
  const auto far = make_provider_elsewhere("far", &elsewhere_.channel);
  const auto near = make_provider("near", here_);
  const auto consumer =
      make_consumer(requirement_of(&fill_proxy, MORTISE_REQUIREMENT_ALL), slot, {.optional = false, .all = true});
  observe();
  const auto made = release({far, near, consumer});
  const auto& all = *static_cast<const mortise_providers*>(binding(made, slot));
  ASSERT_EQ(all.count, 2U);
  EXPECT_EQ(call(all.items[0].contract), 42U);
  EXPECT_EQ(call(all.items[1].contract), 7U);
  EXPECT_EQ(call(all.items[1].contract), 7U);
  EXPECT_THAT(counted(),
              ElementsAre("consumer>far zoo.stamp/1 stamp 1/0 0+8", "consumer>near zoo.stamp/1 stamp 2/0 0+16"));
}

TEST_F(ObservedCallsTest, AConsumerElsewhereIsBoundToAChannelThatCounts) {
  const auto consumer = make_unregistered(PluginSpec("consumer").requires_("zoo.stamp"));
  const auto slot = contracts_.registry().require_elsewhere(*consumer, requirement_of(nullptr), true).value();
  const auto near = make_provider("provider", here_);
  observe();
  const auto made = release({near, consumer});
  const auto& channel = *static_cast<const mortise_channel_v1*>(binding(made, slot));
  EXPECT_EQ(channel.reserve, nullptr);  // nor has the provider's one
  const std::array<std::uint8_t, 5> request{};
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(call_over(channel, 0, {request.data(), request.size()}, reply), MORTISE_OK);
  EXPECT_EQ(reply.size, sizeof(std::uint64_t));
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 1/0 5+8"));
  contracts_.observe(nullptr);
  EXPECT_EQ(binding(release({near, consumer}), slot), contracts_.registry().find(*near)->provisions[0].channel);
}

TEST_F(ObservedCallsTest, AProvidersMemoryForRequestsIsHandedOn) {
  std::uint8_t memory = 0;
  const mortise_channel_v1 own{
      .struct_size = sizeof own,
      .reserved = 0,
      .self = &memory,
      .call = [](void* self, std::uint32_t, mortise_bytes request, mortise_bytes*) -> mortise_status {
        return request.data == self ? MORTISE_OK : MORTISE_INVALID_ARGUMENT;
      },
      .reserve = [](void* self, std::uint64_t) { return static_cast<std::uint8_t*>(self); }};
  const ObservedChannel observed(own, std::make_shared<CallCounts>(1));
  const auto& channel = observed.channel();
  auto* const request = reserve(channel, 1);
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(call_over(channel, 0, {request, 1}, reply), MORTISE_OK);
}

TEST_F(ObservedCallsTest, AnExceptionAndAMethodThatNobodyHasAreFailuresOfTheProvider) {
  const mortise_channel_v1 throwing{
      .struct_size = sizeof throwing,
      .reserved = 0,
      .self = nullptr,
      .call = [](void*, std::uint32_t, mortise_bytes, mortise_bytes*) -> mortise_status { throw 123; },
      .reserve = nullptr};
  const auto counts = std::make_shared<CallCounts>(1);
  const ObservedChannel observed(throwing, counts);
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(call_over(observed.channel(), 0, {nullptr, 0}, reply), MORTISE_INTERNAL);
  EXPECT_EQ(call_over(observed.channel(), 1, {nullptr, 0}, reply), MORTISE_INTERNAL);
  EXPECT_EQ((*counts)[0].failures(), 1U);
}

TEST_F(ObservedCallsTest, WhoCannotBeObservedIsBoundAsBeforeAndNamed) {
  std::uint32_t slot = 0;
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(nullptr), slot);
  observe();
  EXPECT_EQ(binding(release({provider, consumer}), slot), &here_.contract);
  auto unobserved = calls_->unobserved();
  ASSERT_EQ(unobserved.size(), 1U);
  EXPECT_EQ(unobserved[0].pair, (CallPair{"consumer", "provider", "zoo.stamp/1"}));
  EXPECT_THAT(unobserved[0].reason, AllOf(HasSubstr("'consumer'"), HasSubstr("fill_proxy")));

  const auto mute = make(PluginSpec("mute").provides("zoo.stamp", &here_.contract));
  const auto able = make_consumer(requirement_of(&fill_proxy), slot);
  observe();
  EXPECT_EQ(binding(release({mute, able}), slot), &here_.contract);
  unobserved = calls_->unobserved();
  ASSERT_EQ(unobserved.size(), 1U);
  EXPECT_THAT(unobserved[0].reason, AllOf(HasSubstr("'mute'"), HasSubstr("dispatch")));
}

TEST_F(ObservedCallsTest, TheCountsOfAPluginGoOnInTheVersionThatReplacesIt) {
  std::uint32_t slot = 0;
  Here newer{.number = 8};
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  observe();
  const auto first = release({provider, consumer});
  const auto next = make_provider("provider", newer);
  const auto second = release({next, consumer});
  EXPECT_EQ(call(binding(first, slot)), 7U);
  EXPECT_EQ(call(binding(second, slot)), 8U);
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 2/0 0+16"));
}

TEST_F(ObservedCallsTest, NoCallIsLostThatThreadsMakeAtTheSameTime) {
  std::uint32_t slot = 0;
  const auto provider = make_provider("provider", here_);
  const auto consumer = make_consumer(requirement_of(&fill_proxy), slot);
  observe();
  const auto made = release({provider, consumer});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int calls = 0; calls < 5000; ++calls) call(binding(made, slot));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(counted(), ElementsAre("consumer>provider zoo.stamp/1 stamp 20000/0 0+160000"));
}

}  // namespace
}  // namespace mortise::runtime
