#include "events/subscription.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <semaphore>
#include <string>
#include <vector>

#include "runtime/contract_fixture.hpp"

namespace mortise::events {
namespace {

using runtime::testing::ContractTest;
using runtime::testing::PluginSpec;

constexpr std::chrono::seconds kLong{45};

/// What a subscriber does: notes what it hears, and waits where it is told to.
class Ear {
 public:
  Ear() { channel_ = {.struct_size = sizeof channel_, .reserved = 0, .self = this, .call = &hear, .reserve = nullptr}; }
  [[nodiscard]] const mortise_channel_v1* channel() const { return &channel_; }
  std::vector<std::uint64_t> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kLong, [&] { return heard_.size() >= count; }));
    return heard_;
  }

  mortise_status status = MORTISE_OK;
  std::counting_semaphore<>* gate = nullptr;     // to be passed by each
  std::counting_semaphore<>* entered = nullptr;  // told of each

 private:
  static mortise_status hear(void* self, std::uint32_t, mortise_bytes request, mortise_bytes*) {
    auto& ear = *static_cast<Ear*>(self);
    if (ear.entered != nullptr) ear.entered->release();
    if (ear.gate != nullptr) ear.gate->acquire();
    constexpr std::size_t kBeforeIdLow = 1 + sizeof(std::uint64_t);
    std::uint64_t id = 0;
    std::memcpy(&id, request.data + kBeforeIdLow, sizeof id);
    const std::lock_guard lock(ear.mutex_);
    ear.heard_.push_back(id);
    ear.changed_.notify_all();
    return ear.status;
  }

  mortise_channel_v1 channel_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> heard_;  // guarded by mutex_
};

/// One that lets each in, and holds it until it may go.
class GatedEar : public Ear {
 public:
  GatedEar() {
    Ear::gate = &held_;
    Ear::entered = &inside_;
  }
  void wait_until_entered() { inside_.acquire(); }
  void open(std::ptrdiff_t count = 1) { held_.release(count); }

 private:
  std::counting_semaphore<> held_{0};
  std::counting_semaphore<> inside_{0};
};

class SubscriptionTest : public ContractTest {
 protected:
  ~SubscriptionTest() override { EXPECT_EQ(pool_.stop(kLong), 0U); }

  Subscriber subscriber(const Ear& ear) {
    const auto generation = make(PluginSpec("ear"));
    return {.cone = cone_of(release({generation}), generation), .channel = ear.channel()};
  }
  void push(std::uint64_t first, std::uint64_t last, std::size_t size = 8, std::uint64_t form = 0) {
    const std::vector<std::uint8_t> bytes(size, 1);
    for (auto id = first; id <= last; ++id) {
      subscription_->push({.id_low = id, .publisher = "shop", .key = "", .bytes = {bytes.data(), bytes.size()}}, form);
    }
  }
  static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> all;
    for (auto id = first; id <= last; ++id) all.push_back(id);
    return all;
  }

  runtime::BlockingPool pool_{4, 100};
  std::shared_ptr<Subscription> subscription_ = std::make_shared<Subscription>("ear", "zoo.said/1", pool_);
};

TEST_F(SubscriptionTest, DeliversEachOnceAndInOrder) {
  Ear ear;
  subscription_->bind(subscriber(ear));
  push(1, 1);
  EXPECT_EQ(ear.wait_for(1), numbers(1, 1));
  push(2, 2000);
  EXPECT_EQ(ear.wait_for(2000), numbers(1, 2000));
  EXPECT_EQ(pool_.stop(kLong), 0U);
  const auto counts = subscription_->counts();
  EXPECT_EQ(counts.delivered, 2000U);
  EXPECT_EQ(counts.failed + counts.lost + counts.waiting, 0U);
}

TEST_F(SubscriptionTest, CountsWhatTheSubscriberFailsWith) {
  Ear ear;
  ear.status = MORTISE_INTERNAL;
  subscription_->bind(subscriber(ear));
  push(1, 3);
  ear.wait_for(3);
  EXPECT_EQ(pool_.stop(kLong), 0U);
  EXPECT_EQ(subscription_->counts().failed, 3U);
}

TEST_F(SubscriptionTest, LosesWhatItHasNoRoomForAndSaysSo) {
  GatedEar ear;
  subscription_->bind(subscriber(ear));
  push(1, 1);
  ear.wait_until_entered();  // from here on all others wait
  push(2, 20, std::size_t{1} << 20U);
  const auto counts = subscription_->counts();
  EXPECT_EQ(counts.waiting, 15U) << "of 16 MiB";
  EXPECT_EQ(counts.lost, 4U);
  ear.open(100);
  EXPECT_EQ(ear.wait_for(16), numbers(1, 16)) << "those that came first";
}

TEST_F(SubscriptionTest, GoesOnWithWhoeverIsBoundToItNext) {
  GatedEar former;
  Ear next;
  subscription_->bind(subscriber(former));
  push(1, 10);
  former.wait_until_entered();
  subscription_->bind(subscriber(next));
  former.open();
  EXPECT_EQ(next.wait_for(9), numbers(2, 10)) << "also of those that were taken out of the queue already";
  EXPECT_EQ(former.wait_for(1), numbers(1, 1));
}

TEST_F(SubscriptionTest, LosesWhatWaitsWhenItsSubscriberGoes) {
  GatedEar ear;
  subscription_->bind(subscriber(ear));
  push(1, 1);
  ear.wait_until_entered();
  push(2, 5);
  subscription_->bind({});
  push(6, 7);
  ear.open();
  EXPECT_EQ(pool_.stop(kLong), 0U);
  EXPECT_EQ(ear.wait_for(1), numbers(1, 1));
  EXPECT_EQ(subscription_->counts().lost, 6U);
}

TEST_F(SubscriptionTest, GoesOnWithoutAHandlerThatNeverReturns) {
  GatedEar former;
  Ear next;
  const auto stuck = subscriber(former);
  subscription_->bind(stuck);
  push(1, 10);
  former.wait_until_entered();
  subscription_->bind(subscriber(next));
  subscription_->abandon(*stuck.cone->entry);
  EXPECT_EQ(next.wait_for(9), numbers(2, 10));
  former.open();
  EXPECT_EQ(former.wait_for(1), numbers(1, 1));
  push(11, 20);
  EXPECT_EQ(next.wait_for(19), numbers(2, 20)) << "each once";
}

TEST_F(SubscriptionTest, TellsNobodyOfAFormThatItWasNotBuiltFor) {
  Ear ear;
  subscription_->bind(subscriber(ear));
  push(1, 2, 8, 1);
  push(3, 3);
  EXPECT_EQ(ear.wait_for(1), numbers(3, 3));
  EXPECT_EQ(subscription_->counts().lost, 2U);
}

TEST_F(SubscriptionTest, DeliversNothingOnceItIsClosed) {
  GatedEar ear;
  subscription_->bind(subscriber(ear));
  push(1, 5);
  ear.wait_until_entered();
  subscription_->close();
  ear.open();
  EXPECT_EQ(pool_.stop(kLong), 0U);
  EXPECT_EQ(ear.wait_for(1), numbers(1, 1));
  EXPECT_EQ(subscription_->counts().lost, 4U);
}

TEST_F(SubscriptionTest, HoldsItsSubscribersGenerationNoLongerThanItDelivers) {
  Ear ear;
  std::weak_ptr<const runtime::Cone> held;
  {
    auto bound = subscriber(ear);
    held = bound.cone;
    subscription_->bind(std::move(bound));
  }
  push(1, 5);
  ear.wait_for(5);
  EXPECT_EQ(pool_.stop(kLong), 0U);
  EXPECT_FALSE(held.expired());
  subscription_->bind({});
  EXPECT_TRUE(held.expired());
}

}  // namespace
}  // namespace mortise::events
