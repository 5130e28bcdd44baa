// Calls through contracts against a worker that does as it likes: whatever it writes, the host goes no further than to
// say so.
#include "isolation/contract_calls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "isolation/contract_world.hpp"
#include "isolation/futex.hpp"

namespace mortise::isolation {
namespace {

using testing::AnswerChannel;
using testing::bytes_of;
using ::testing::HasSubstr;
using testing::keep;
using Time = runtime::Scope::Time;

class ContractCallsTest : public ::testing::Test {
 protected:
  ContractCallsTest() {
    bindings_->bind(0, &other_.channel());
    cone_ = std::make_shared<const runtime::Cone>(
        runtime::Cone{.entry = generation_, .bindings = bindings_, .arena_max_bytes = 1 << 20});
    contract_.declared = &generation_->spec().manifest->provides.front();
  }

  /// What becomes of a call of which the worker makes this.
  mortise_status call(const std::function<void(ContractCallMemory&)>& worker,
                      std::chrono::milliseconds limit = std::chrono::seconds(45)) {
    std::thread thread([&] {
      RingReader<std::uint32_t> ring(area_->memory().contract_submissions);
      auto number = ring.pop();
      for (; !number; number = ring.pop()) std::this_thread::yield();
      worker(area_->memory().contract_calls[*number]);
    });
    deadline_ = Time::clock::now() + limit;
    const runtime::Scope scope(cone_, &deadline_);
    mortise_bytes reply{nullptr, 0};
    const auto status = calls_->call(contract_, 0, bytes_of("request"), false, &reply);
    thread.join();
    return status;
  }
  static void give_turn(ContractCallMemory& place, const Said& said) {
    place.said.store(said);
    place.turn.store(turn::kHost);
    futex_wake(place.turn, 1);
  }
  /// A reply in the place itself.
  [[nodiscard]] Said reply_in(const ContractCallMemory& place, std::uint64_t size) const {
    return {.outcome = {.payload = {.offset = area_->offset_of(place.reply.data()), .size = size}}};
  }
  /// The plugin calls others; then its process is ended for what it has done.
  mortise_status call_out(const Wanted& wanted, std::uint32_t number = 0) {
    return call([&](ContractCallMemory& place) {
      if (number < kOutgoingCount) area_->memory().outgoing[number].wanted.store(wanted);
      give_turn(place, {.outgoing = number});
      while (!end_.breach->is_noted()) std::this_thread::yield();
      calls_->end();
    });
  }
  [[nodiscard]] Payload place_of_request() const {
    return {.offset = area_->offset_of(area_->memory().outgoing[0].direct.data()), .size = 4};
  }

  std::atomic<Time> deadline_{Time::max()};  // of the call's scope
  runtime::GenerationPtr generation_ = testing::make_relay_generation();
  AnswerChannel other_{[](auto, auto, auto* reply) {
    *reply = keep("answer");
    return MORTISE_OK;
  }};
  std::shared_ptr<runtime::BindingTable> bindings_ = std::make_shared<runtime::BindingTable>(2);
  runtime::ConePtr cone_;
  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_{{.slot = 0, .is_list = false}, {.slot = 1, .is_list = true}};
  std::shared_ptr<OutgoingCalls> outgoing_ = std::make_shared<OutgoingCalls>(end_, slots_);
  std::shared_ptr<ContractCalls> calls_ = std::make_shared<ContractCalls>(end_, outgoing_, *generation_);
  ForwardedContract contract_;
};

TEST_F(ContractCallsTest, AReplyThatLiesElsewhereIsABreach) {
  for (const std::uint64_t offset : {std::uint64_t{0}, sizeof(AreaMemory), UINT64_MAX}) {
    const auto status = call([&](ContractCallMemory& place) {
      auto said = reply_in(place, 4);
      said.outcome.payload.offset = offset;
      give_turn(place, said);
    });
    EXPECT_EQ(status, MORTISE_INTERNAL);
    EXPECT_THAT(end_.breach->what(), HasSubstr("lies where it must not write"));
  }
}

TEST_F(ContractCallsTest, AReplyThatIsLongerThanItsPlaceIsABreach) {
  const auto status = call([&](ContractCallMemory& place) { give_turn(place, reply_in(place, kDirectCallBytes + 1)); });
  EXPECT_EQ(status, MORTISE_INTERNAL);
  EXPECT_THAT(end_.breach->what(), HasSubstr("lies where it must not write"));
}

TEST_F(ContractCallsTest, AMessageThatIsLongerThanWhatCameIsABreach) {
  const auto status = call([&](ContractCallMemory& place) {
    auto said = reply_in(place, 4);
    said.outcome.status = MORTISE_NOT_FOUND;
    said.outcome.message_size = 5;
    give_turn(place, said);
  });
  EXPECT_EQ(status, MORTISE_INTERNAL);
}

TEST_F(ContractCallsTest, AStatusThatThereIsNoneOfIsUnknown) {
  const auto status = call([&](ContractCallMemory& place) {
    auto said = reply_in(place, 4);
    said.outcome.status = 4711;
    give_turn(place, said);
  });
  EXPECT_EQ(status, MORTISE_UNKNOWN);
  EXPECT_EQ(end_.breach->what(), "");
}

TEST_F(ContractCallsTest, WhoTakesTurnsThatAreNotItsOwnIsLeft) {
  const auto status = call([](ContractCallMemory& place) {
    place.turn.store(4711);
    futex_wake(place.turn, 1);
  });
  EXPECT_EQ(status, MORTISE_INTERNAL);
  EXPECT_THAT(end_.breach->what(), HasSubstr("turns"));
}

TEST_F(ContractCallsTest, ThePluginIsToldThatTheClientHasGoneAndIsWaitedFor) {
  const auto status = call([&](ContractCallMemory& place) {
    deadline_ = runtime::Scope::kUnheard;
    while (place.deadline.load() != runtime::Scope::kUnheard) std::this_thread::yield();
    give_turn(place, reply_in(place, 0));
  });
  EXPECT_EQ(status, MORTISE_OK);
  EXPECT_FALSE(calls_->is_anybody_inside());
}

TEST_F(ContractCallsTest, WhatBeginsWhenTheClientHasGoneDoesNotReachThePlugin) {
  deadline_ = runtime::Scope::kUnheard;
  const runtime::Scope scope(cone_, &deadline_);
  mortise_bytes reply{nullptr, 0};
  EXPECT_EQ(calls_->call(contract_, 0, bytes_of("request"), false, &reply), MORTISE_CANCELLED);
  EXPECT_FALSE(scope.has_begun());
  RingReader<std::uint32_t> ring(area_->memory().contract_submissions);
  EXPECT_FALSE(ring.pop());
}

TEST_F(ContractCallsTest, WhatThePluginDoesNotRequireItCannotCall) {
  EXPECT_EQ(call_out({.requirement = 2, .request = place_of_request()}), MORTISE_UNAVAILABLE);
  EXPECT_THAT(end_.breach->what(), HasSubstr("not told of"));
}

TEST_F(ContractCallsTest, NorAProviderThatIsNotInTheList) {
  EXPECT_EQ(call_out({.requirement = 1, .provider = 0, .request = place_of_request()}), MORTISE_UNAVAILABLE);
  EXPECT_THAT(end_.breach->what(), HasSubstr("not told of"));
}

TEST_F(ContractCallsTest, ACallThatLiesElsewhereIsABreach) {
  EXPECT_EQ(call_out({.request = {.offset = 0, .size = 4}}), MORTISE_UNAVAILABLE);
  EXPECT_THAT(end_.breach->what(), HasSubstr("lies where it must not write"));
}

TEST_F(ContractCallsTest, ACallInAPlaceThatThereIsNoneOfIsABreach) {
  EXPECT_EQ(call_out({}, kOutgoingCount), MORTISE_INTERNAL);
  EXPECT_THAT(end_.breach->what(), HasSubstr("there is none of"));
}

TEST_F(ContractCallsTest, WhoseCallersAreInAHurryHasItsOwnTimeToReturn) {
  using namespace std::chrono_literals;
  generation_->containment().set({.deadline = 1h});
  runtime::Scope scope(cone_);
  const auto call_in_vain = [&] {
    const runtime::ScopeLimit limit(scope, Time::clock::now());
    mortise_bytes reply{nullptr, 0};
    return calls_->call(contract_, 0, bytes_of("request"), false, &reply);
  };
  for (std::uint32_t i = 0; i < kContractCallCount; ++i) ASSERT_EQ(call_in_vain(), MORTISE_DEADLINE_EXCEEDED) << i;
  EXPECT_EQ(call_in_vain(), MORTISE_RESOURCE_EXHAUSTED);
  EXPECT_EQ(end_.breach->what(), "") << "it may be at work";
  generation_->containment().set({.deadline = 1ms});
  std::this_thread::sleep_for(1ms);  // which is how long they have been left then
  EXPECT_EQ(call_in_vain(), MORTISE_RESOURCE_EXHAUSTED);
  EXPECT_THAT(end_.breach->what(), HasSubstr("do not return"));
}

TEST_F(ContractCallsTest, ACallThatHasNoTimeDoesNoHarm) {
  for (const std::int64_t deadline_ns : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}}) {
    const auto status = call([&](ContractCallMemory& place) {
      auto& outgoing = area_->memory().outgoing[0];
      outgoing.wanted.store({.request = place_of_request(), .deadline_ns = deadline_ns});
      give_turn(place, {.outgoing = 0});
      while (outgoing.is_there.exchange(0) == 0) std::this_thread::yield();
      give_turn(place, reply_in(place, 4));
    });
    EXPECT_EQ(status, MORTISE_OK) << deadline_ns;
    EXPECT_EQ(end_.breach->what(), "");
  }
}

TEST_F(ContractCallsTest, GarbageDoesNoHarm) {
  std::mt19937_64 random(4711);
  for (int round = 0; round < 200; ++round) {
    end_ = HostEnd::make(area_, [] {});
    outgoing_ = std::make_shared<OutgoingCalls>(end_, slots_);
    calls_ = std::make_shared<ContractCalls>(end_, outgoing_, *generation_);
    call([&](ContractCallMemory& place) {
      auto said = reply_in(place, random() % 2 == 0 ? random() : random() % 5000);
      if (random() % 2 == 0) said.outcome.payload.offset = random() % (sizeof(AreaMemory) * 2);
      if (random() % 3 == 0) said.outgoing = static_cast<std::uint32_t>(random() % 3);
      said.outcome.status = static_cast<std::int32_t>(random() % 20);
      said.outcome.message_size = static_cast<std::uint32_t>(random() % 6000);
      area_->memory().outgoing[said.outgoing % kOutgoingCount].wanted.store(
          {.requirement = static_cast<std::uint32_t>(random() % 3),
           .provider = static_cast<std::uint32_t>(random() % 3),
           .request = {.offset = random() % (sizeof(AreaMemory) * 2), .size = random() % 10'000},
           .deadline_ns = static_cast<std::int64_t>(random())});
      give_turn(place, said);
      if (said.outgoing == Said::kReturned) return;
      while (!end_.breach->is_noted() && area_->memory().outgoing[said.outgoing].is_there.exchange(0) == 0) {
        std::this_thread::yield();
      }
      calls_->end();
    });
  }
}

}  // namespace
}  // namespace mortise::isolation
