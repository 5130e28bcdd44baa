// Calls through a contract with both sides in one process. Under ThreadSanitizer this is what looks at the turns that
// they take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "isolation/contract_world.hpp"

namespace mortise::isolation {
namespace {

using testing::AnswerChannel;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::keep;
using testing::Relay;
using testing::text_of;
using Time = runtime::Scope::Time;

// Methods of the plugin's.
constexpr std::uint32_t kEcho = 0;
constexpr std::uint32_t kFail = 1;
constexpr std::uint32_t kThrow = 2;
constexpr std::uint32_t kCallOther = 3;
constexpr std::uint32_t kWait = 4;
constexpr std::uint32_t kNameOthers = 5;
constexpr std::uint32_t kHandle = 6;
constexpr std::uint32_t kCallForEver = 7;
constexpr std::uint32_t kHurry = 8;

class ContractRoundTripTest : public ::testing::Test {
 protected:
  ContractRoundTripTest() {
    auto& scope = *bindings_of_host_;
    scope.bind(0, &other_.channel());
    scope.bind_all(
        1, {{&other_.channel(), runtime::to_abi("first"), 7, 0}, {&last_.channel(), runtime::to_abi("last"), -7, 0}});
    cone_ = std::make_shared<const runtime::Cone>(
        runtime::Cone{.entry = generation_, .bindings = bindings_of_host_, .arena_max_bytes = kArena});
    contract_.declared = &generation_->spec().manifest->provides.front();
    registered_.provisions.push_back({.declared = contract_.declared,
                                      .provided = nullptr,
                                      .contract = 0,
                                      .channel = &plugin_.channel(),
                                      .dispatch = nullptr});
    const mortise_requirement_v1 relay{.struct_size = sizeof relay,
                                       .flags = 0,
                                       .contract = {},
                                       .methods = {},
                                       .provider = {},
                                       .fill_proxy = &Relay::fill_proxy};
    for (std::uint32_t slot = 0; slot < 2; ++slot) {
      registered_.requirements.push_back({.declared = &generation_->spec().manifest->requires_[slot],
                                          .slot = slot,
                                          .contract = 0,
                                          .is_elsewhere = false,
                                          .can_cross = true,
                                          .proxy = *runtime::ProxyFunctions::ask(relay, 1)});
    }
    // Of a worker nothing is ever taken down but by the end of its process: it is left here as well.
    auto* const link = new HostLink(Talk(base::Descriptor()), area_, base::Descriptor());
    auto* const contracts = new RemoteContracts(*link, *new OutgoingPlaces(*link));
    auto* const bindings = new Bindings(generation_, registered_, *contracts, kArena);
    const auto* const tasks = new RemoteTasks(*link);
    crew_ = new ContractCrew(*link, registered_, tasks->channel(), *bindings);
    crew_->start();
  }
  ~ContractRoundTripTest() override {
    is_open_ = true;
    is_open_.notify_all();
    crew_->wait_until_idle();
    EXPECT_FALSE(calls_->is_anybody_inside());
    EXPECT_EQ(end_.breach->what(), "");
  }

  mortise_status answer(std::uint32_t method, mortise_bytes request, mortise_bytes* reply) {
    switch (method) {
      case kEcho: *reply = keep(text_of(request)); return MORTISE_OK;
      case kFail: return runtime::fail_call(*generation_, MORTISE_NOT_FOUND, "zoo.relay/1 fail", text_of(request));
      case kThrow: throw std::runtime_error("thrown");
      case kCallOther: {
        const auto& other = *static_cast<const Relay*>(runtime::Scope::current()->table().bindings[0]);
        return other.relay.call(other.relay.self, request, reply);
      }
      case kWait:
        is_inside_ = true;
        is_inside_.notify_all();
        is_open_.wait(false);
        return MORTISE_OK;
      case kHandle: {
        const auto& other = *static_cast<const Relay*>(runtime::Scope::current()->table().bindings[0]);
        if (other.relay.call(other.relay.self, {nullptr, 0}, reply) != MORTISE_ABORTED) return MORTISE_INTERNAL;
        *reply = keep("handled");
        return MORTISE_OK;
      }
      case kHurry: return hurry(request, reply);
      case kCallForEver: {
        const auto& other = *static_cast<const Relay*>(runtime::Scope::current()->table().bindings[0]);
        auto status = MORTISE_OK;
        while (status == MORTISE_OK) status = other.relay.call(other.relay.self, request, reply);
        return status;
      }
      default: return name_others(reply);
    }
  }
  /// Calls the other twice, the first time with no more than a minute.
  static mortise_status hurry(mortise_bytes request, mortise_bytes* reply) {
    auto& scope = runtime::Scope::current()->table();
    const auto& other = *static_cast<const Relay*>(scope.bindings[0]);
    const auto& table = runtime::contracts_table();
    const auto former = table.limit_ms(&scope, 60'000);
    const auto status = other.relay.call(other.relay.self, request, reply);
    table.restore_limit(&scope, former);
    return status == MORTISE_OK ? other.relay.call(other.relay.self, request, reply) : status;
  }
  static mortise_status name_others(mortise_bytes* reply) {
    const auto& all = *static_cast<const mortise_providers*>(runtime::Scope::current()->table().bindings[1]);
    std::string names;
    for (std::uint64_t i = 0; i < all.count; ++i) {
      const auto& one = all.items[i];
      mortise_bytes said{nullptr, 0};
      const auto& relay = *static_cast<const Relay*>(one.contract);
      if (const auto status = relay.relay.call(relay.relay.self, bytes_of("x"), &said); status != MORTISE_OK)
        return status;
      names += std::string(runtime::to_view(one.name)) + std::to_string(one.rank) + text_of(said) + " ";
    }
    *reply = keep(names);
    return MORTISE_OK;
  }
  /// What the other plugin, in the host's process, says.
  mortise_status answer_other(mortise_bytes request, mortise_bytes* reply) {
    scope_of_other_ = runtime::Scope::current();
    {
      const std::lock_guard lock(mutex_);
      times_of_other_.push_back(runtime::contracts_table().time_left_ms(&runtime::Scope::current()->table()));
    }
    if (is_recursive_) return calls_->call(contract_, kCallOther, request, false, reply);
    if (request.size == 0)
      return runtime::fail_call(*generation_, MORTISE_ABORTED, "zoo.others/1 relay", "nothing to say");
    *reply = keep(text_of(request) + "!");
    return MORTISE_OK;
  }

  /// As a consumer in the host's process does.
  mortise_status call(std::uint32_t method, const std::string& request, std::string& text) {
    mortise_bytes reply{nullptr, 0};
    const auto status = calls_->call(contract_, method, bytes_of(request), false, &reply);
    if (status == MORTISE_OK) text = text_of(reply);
    return status;
  }
  static std::string message() {
    return std::string(runtime::to_view(runtime::Scope::current()->table().failure.message));
  }
  static std::string context() {
    return std::string(runtime::to_view(runtime::Scope::current()->table().failure.context));
  }

  static constexpr std::uint64_t kArena = std::uint64_t{16} << 20U;

  std::atomic<bool> is_inside_{false};
  std::atomic<bool> is_open_{false};
  std::atomic<bool> is_recursive_{false};
  std::atomic<runtime::Scope*> scope_of_other_{nullptr};
  std::mutex mutex_;
  std::vector<std::uint64_t> times_of_other_;  // guarded by mutex_: that it was left, for each call
  runtime::GenerationPtr generation_ = testing::make_relay_generation();
  AnswerChannel plugin_{[this](auto method, auto request, auto* reply) { return answer(method, request, reply); }};
  AnswerChannel other_{[this](auto, auto request, auto* reply) { return answer_other(request, reply); }};
  AnswerChannel last_{[](auto, auto, auto* reply) {
    *reply = keep(".");
    return MORTISE_OK;
  }};
  std::shared_ptr<runtime::BindingTable> bindings_of_host_ = std::make_shared<runtime::BindingTable>(2);
  runtime::ConePtr cone_;
  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_{{.slot = 0, .is_list = false}, {.slot = 1, .is_list = true}};
  std::shared_ptr<OutgoingCalls> outgoing_ = std::make_shared<OutgoingCalls>(end_, slots_);
  std::shared_ptr<ContractCalls> calls_ = std::make_shared<ContractCalls>(end_, outgoing_, *generation_);
  ForwardedContract contract_;
  runtime::Registered registered_;
  ContractCrew* crew_ = nullptr;
};

TEST_F(ContractRoundTripTest, RequestsAndRepliesOfAnySizeCross) {
  for (const std::size_t size : {0U, 1U, 4000U, 4032U, 4033U, 100'000U, 5'000'000U}) {
    const runtime::Scope scope(cone_);
    const std::string request(size, 'r');
    std::string text;
    ASSERT_EQ(call(kEcho, request, text), MORTISE_OK) << size;
    EXPECT_TRUE(text == request) << size;
  }
}

TEST_F(ContractRoundTripTest, AReplyThatTheCallersArenaHasNoRoomForIsAFailure) {
  const auto small = std::make_shared<const runtime::Cone>(
      runtime::Cone{.entry = generation_, .bindings = bindings_of_host_, .arena_max_bytes = 1 << 16});
  const runtime::Scope scope(small);
  std::string text;
  EXPECT_EQ(call(kEcho, std::string(100'000, 'r'), text), MORTISE_RESOURCE_EXHAUSTED);
  EXPECT_THAT(message(), HasSubstr("arena_max_bytes"));
  EXPECT_EQ(call(kEcho, "small", text), MORTISE_OK);
}

TEST_F(ContractRoundTripTest, AFailureCrossesWithItsReason) {
  const runtime::Scope scope(cone_);
  std::string text;
  EXPECT_EQ(call(kFail, "no such thing", text), MORTISE_NOT_FOUND);
  EXPECT_EQ(message(), "no such thing");
  EXPECT_EQ(context(), "relay 1.0.0: zoo.relay/1 fail");
  EXPECT_EQ(call(kThrow, "", text), MORTISE_INTERNAL);
  EXPECT_EQ(call(kFail, std::string(10'000, 'm'), text), MORTISE_NOT_FOUND);
  EXPECT_EQ(message(), std::string(kMostFailureBytes, 'm')) << "it may be a hostile one's";
}

TEST_F(ContractRoundTripTest, WhatThePluginCallsOfOthersIsMadeInTheCallersScope) {
  runtime::Scope scope(cone_);
  for (const std::size_t size : {5U, 4033U, 1'000'000U}) {
    std::string text;
    const std::string request(size, 'o');
    ASSERT_EQ(call(kCallOther, request, text), MORTISE_OK);
    EXPECT_TRUE(text == request + "!");
    EXPECT_EQ(scope_of_other_, &scope);
  }
  std::string text;
  EXPECT_EQ(call(kCallOther, "", text), MORTISE_ABORTED);
  EXPECT_EQ(message(), "nothing to say");
  EXPECT_THAT(context(), HasSubstr("zoo.others/1 relay"));
}

TEST_F(ContractRoundTripTest, AFailureThatThePluginHandlesLeavesTheCallersOwnAlone) {
  const runtime::Scope scope(cone_);
  std::string text;
  ASSERT_EQ(call(kFail, "not handled yet", text), MORTISE_NOT_FOUND);
  ASSERT_EQ(call(kHandle, "", text), MORTISE_OK);
  EXPECT_EQ(text, "handled");
  EXPECT_EQ(message(), "not handled yet");
}

TEST_F(ContractRoundTripTest, CallsInsideCallsEndBeforeTheStackDoes) {
  is_recursive_ = true;
  const runtime::Scope scope(cone_);
  std::string text;
  EXPECT_EQ(call(kCallOther, "again", text), MORTISE_RESOURCE_EXHAUSTED);
  EXPECT_THAT(message(), HasSubstr("nested too deeply"));
  is_recursive_ = false;
  EXPECT_EQ(call(kCallOther, "once", text), MORTISE_OK);
}

TEST_F(ContractRoundTripTest, WhoCallsOthersForEverIsLeftAtTheDeadline) {
  const std::atomic<Time> deadline{Time::clock::now() + std::chrono::milliseconds(50)};
  const runtime::Scope scope(cone_, &deadline);
  std::string text;
  EXPECT_EQ(call(kCallForEver, "x", text), MORTISE_DEADLINE_EXCEEDED);
}

TEST_F(ContractRoundTripTest, ACallersLimitEndsTheCallAndSaysSo) {
  const std::atomic<Time> deadline{Time::clock::now() + std::chrono::hours(1)};
  runtime::Scope scope(cone_, &deadline);
  std::string text;
  {
    const runtime::ScopeLimit limit(scope, Time::clock::now() + std::chrono::milliseconds(20));
    EXPECT_EQ(call(kWait, "", text), MORTISE_DEADLINE_EXCEEDED);
    EXPECT_THAT(message(), HasSubstr("its caller gives it"));
    EXPECT_THAT(context(), HasSubstr("relay 1.0.0: zoo.relay/1"));
  }
  EXPECT_EQ(call(kEcho, "on it goes", text), MORTISE_OK);
}

TEST_F(ContractRoundTripTest, ALimitOfThePluginsOwnHoldsForWhatItCallsOfOthers) {
  const std::atomic<Time> deadline{Time::clock::now() + std::chrono::hours(1)};
  runtime::Scope scope(cone_, &deadline);
  std::string text;
  ASSERT_EQ(call(kHurry, "x", text), MORTISE_OK);
  ASSERT_EQ(times_of_other_.size(), 2U);
  EXPECT_LE(times_of_other_[0], 60'000U);
  EXPECT_GT(times_of_other_[0], 0U);
  EXPECT_GT(times_of_other_[1], 60'000U) << "the limit is over";
  EXPECT_FALSE(scope.is_limited());
  const runtime::ScopeLimit limit(scope, Time::clock::now() + std::chrono::seconds(30));
  ASSERT_EQ(call(kHurry, "x", text), MORTISE_OK);
  EXPECT_LE(times_of_other_[2], 30'000U) << "and it extends nothing";
  EXPECT_LE(times_of_other_[3], 30'000U);
}

TEST_F(ContractRoundTripTest, AListReachesThePluginWithNamesAndRanks) {
  const runtime::Scope scope(cone_);
  std::string text;
  ASSERT_EQ(call(kNameOthers, "", text), MORTISE_OK);
  EXPECT_EQ(text, "first7x! last-7. ");
}

TEST_F(ContractRoundTripTest, WhatIsUnboundIsUnboundThere) {
  auto none = std::make_shared<runtime::BindingTable>(2);
  none->bind_all(1, {});
  const auto cone = std::make_shared<const runtime::Cone>(
      runtime::Cone{.entry = generation_, .bindings = none, .arena_max_bytes = kArena});
  const runtime::Scope scope(cone);
  std::string text = "names";
  ASSERT_EQ(call(kNameOthers, "", text), MORTISE_OK);
  EXPECT_EQ(text, "");
}

TEST_F(ContractRoundTripTest, CallsThatAreBoundDifferentlyAreNotTakenForEachOther) {
  constexpr int kRounds = 300;
  auto none = std::make_shared<runtime::BindingTable>(2);
  none->bind_all(1, {});
  const auto unbound = std::make_shared<const runtime::Cone>(
      runtime::Cone{.entry = generation_, .bindings = none, .arena_max_bytes = kArena});
  const auto names_in = [this](const runtime::ConePtr& cone) {
    const runtime::Scope scope(cone);
    std::string text = "names";
    EXPECT_EQ(call(kNameOthers, "", text), MORTISE_OK);
    return text;
  };
  // Without a pause, so that the worker's thread sits at the place.
  const auto bound = names_in(cone_);
  EXPECT_NE(bound, "");
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(names_in(unbound), "");
    ASSERT_EQ(names_in(cone_), bound);
  }
}

TEST_F(ContractRoundTripTest, WhoseDeadlinePassesGoesOnAndThePlaceComesBack) {
  const std::atomic<Time> deadline{Time::clock::now() + std::chrono::milliseconds(20)};
  const runtime::Scope scope(cone_, &deadline);
  std::string text;
  EXPECT_EQ(call(kWait, "", text), MORTISE_DEADLINE_EXCEEDED);
  EXPECT_THAT(context(), HasSubstr("relay 1.0.0: zoo.relay/1"));
  EXPECT_TRUE(calls_->is_anybody_inside());
}

TEST_F(ContractRoundTripTest, TheEndOfTheWorkerIsAFailureToWhoWaitsAndToWhoComes) {
  mortise_status status = MORTISE_OK;
  bool may_have_begun = false;
  std::thread caller([&] {
    const runtime::Scope scope(cone_);
    std::string text;
    status = call(kWait, "", text);
    may_have_begun = scope.has_begun();
  });
  is_inside_.wait(false);
  calls_->end();
  caller.join();
  EXPECT_EQ(status, MORTISE_UNAVAILABLE);
  EXPECT_TRUE(may_have_begun);
  const runtime::Scope scope(cone_);
  std::string text;
  EXPECT_EQ(call(kEcho, "", text), MORTISE_UNAVAILABLE);
  EXPECT_THAT(message(), HasSubstr("has ended"));
  EXPECT_FALSE(scope.has_begun());
}

TEST_F(ContractRoundTripTest, WhoseProviderIsAwayHasBegunAllTheSame) {
  calls_->end();
  const auto cone = std::make_shared<const runtime::Cone>(
      runtime::Cone{.entry = testing::make_relay_generation(), .bindings = cone_->bindings});
  const runtime::Scope scope(cone);
  std::string text;
  EXPECT_EQ(call(kEcho, "", text), MORTISE_UNAVAILABLE);
  EXPECT_TRUE(scope.has_begun());
}

TEST_F(ContractRoundTripTest, NoneOfManyIsLost) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  std::atomic<int> answered{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < kThreads; ++i) {
    callers.emplace_back([&, i] {
      for (int n = 0; n < kCalls; ++n) {
        const runtime::Scope scope(cone_);
        const auto request = std::to_string(i) + "-" + std::to_string(n);
        const auto method = n % 3 == 0 ? kCallOther : kEcho;
        std::string text;
        if (call(method, request, text) != MORTISE_OK) continue;
        if (text == (method == kEcho ? request : request + "!")) ++answered;
        if (n % 200 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // let the other side fall asleep
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(answered, kThreads * kCalls);
}

}  // namespace
}  // namespace mortise::isolation
