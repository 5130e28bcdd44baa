#include "events/outbox.hpp"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <latch>
#include <string>
#include <thread>

#include "outbox_fixture.hpp"

namespace mortise::events {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Heard = FakeSubscriber::Heard;

TEST_F(OutboxTest, DeliversWhatIsCommittedAndForgetsIt) {
  run();
  publish("one", "a");
  publish("two", "a");
  const auto heard = subscriber_.wait_for(2);
  EXPECT_EQ(heard[0].text, "one");
  EXPECT_EQ(heard[0].key, "a");
  EXPECT_EQ(heard[0].attempt, 1U);
  EXPECT_EQ(heard[1].id, heard[0].id + 1);
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
}

TEST_F(OutboxTest, KeepsTheOrderOfEachKeyAmongMany) {
  run();
  publish_many(5000, [](int i) { return std::to_string(i % 7); });
  const auto heard = subscriber_.wait_for(5000);
  expect_order(heard, 7);
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
}

TEST_F(OutboxTest, DifferentKeysAreHeardSideBySide) {
  std::latch all_inside(4);
  subscriber_.handle_with([&](const Heard&) {
    all_inside.arrive_and_wait();
    return MORTISE_OK;
  });
  run();
  publish_many(4, [](int i) { return std::to_string(i); });
  EXPECT_THAT(subscriber_.wait_for(4), SizeIs(4));
}

TEST_F(OutboxTest, ARolledBackTransactionTellsNobody) {
  run();
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    ASSERT_TRUE(outbox_->publish(publication("", "\x01never"), transaction.get()));
  }
  publish("ever");
  EXPECT_THAT(subscriber_.wait_for_texts(1), ElementsAre("ever"));
}

TEST_F(OutboxTest, WhatNobodySubscribesToGoes) {
  outbox_->set_owner(true);
  outbox_->run({kTopic});
  publish_many(7000, [](int) { return ""; });
  publish("more");
  settle();
  EXPECT_EQ(count("mortise_outbox WHERE id < 5000"), 0);
}

TEST_F(OutboxTest, AnAbsentSubscriberHearsAllWhenItComes) {
  run();
  publish("one");
  subscriber_.wait_for(1);
  outbox_->bind("hears", {});
  publish("two");
  close();
  open();
  publish("three");
  outbox_->set_owner(true);
  outbox_->run({kTopic});
  publish("four");
  outbox_->bind("hears", subscriber_.addressee());
  auto texts = subscriber_.wait_for_texts(4);
  std::sort(texts.begin(), texts.end());
  EXPECT_THAT(texts, ElementsAre("four", "one", "three", "two"));
}

TEST_F(OutboxTest, WhoeverSubscribesNoMoreIsOwedNothing) {
  run();
  publish("one");
  subscriber_.wait_for(1);
  outbox_->bind("hears", {});
  publish("two");
  outbox_->bind("hears", subscriber_.addressee("zoo.other/1"));
  settle();
  EXPECT_EQ(count("mortise_outbox_subscribers"), 0);
  outbox_->set_owner(true);
  outbox_->bind("hears", subscriber_.addressee());
  publish("three");
  EXPECT_THAT(subscriber_.wait_for_texts(2), ElementsAre("one", "three"));
}

TEST_F(OutboxTest, ASubscriptionIsOnTheDiskAsSoonAsItHasBegun) {
  run();
  EXPECT_EQ(count("mortise_outbox_subscribers"), 1);
  outbox_->run({kTopic, "zoo.other/1"});
  auto both = subscriber_.addressee();
  both.topics["zoo.other/1"] = both.topics[kTopic];
  outbox_->bind("hears", both);
  EXPECT_EQ(count("mortise_outbox_subscribers"), 2);
}

TEST_F(OutboxTest, ASecondTopicIsHeardFromTheMomentThatItIsBound) {
  outbox_->set_owner(true);
  outbox_->run({kTopic, "zoo.other/1"});
  outbox_->bind("hears", subscriber_.addressee());
  std::atomic<bool> is_over{false};
  std::thread publisher([&] {
    while (!is_over) publish("noise");
  });
  subscriber_.wait_for(20);
  auto both = subscriber_.addressee();
  both.topics["zoo.other/1"] = both.topics[kTopic];
  outbox_->bind("hears", both);
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    const std::string bytes = "\x01other";
    auto other = publication("", bytes);
    other.topic = "zoo.other/1";
    ASSERT_TRUE(outbox_->publish(other, transaction.get()));
    ASSERT_TRUE(transaction->commit());
  }
  const auto has_other = [&] {
    const auto all = subscriber_.wait_for(0);
    return std::any_of(all.begin(), all.end(), [](const auto& one) { return one.text == "other"; });
  };
  while (!has_other()) std::this_thread::yield();
  is_over = true;
  publisher.join();
}

TEST_F(OutboxTest, ATimeThatIsTooFarAwayHasCome) {
  constexpr std::chrono::hours kHour{1};
  subscriber_.handle_with([](const Heard& heard) { return heard.attempt == 1 ? MORTISE_UNAVAILABLE : MORTISE_OK; });
  const auto usual = std::exchange(rules_, {.attempts = 3, .first_pause = kHour, .longest_pause = kHour});
  close();
  open();
  run();
  publish("bad", "a");
  while (count("mortise_outbox_deliveries") == 0) std::this_thread::yield();
  close();
  rules_ = usual;
  open();
  run();
  EXPECT_THAT(subscriber_.wait_for_texts(1), ElementsAre("bad")) << "as after a clock that was put back by an hour";
}

TEST_F(OutboxTest, NumbersThatThePluginHasChosenCostNoMoreThanOthers) {
  run();
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    ASSERT_TRUE(
        transaction->run("INSERT INTO mortise_outbox (id, topic, form, key, published_ms, event) "
                         "VALUES (1000000000000000, 'invented/1', 1, x'', 1, x'01')",
                         {}));
    ASSERT_TRUE(transaction->commit());
  }
  publish("after");
  EXPECT_THAT(subscriber_.wait_for_texts(1), ElementsAre("after"));
  EXPECT_THAT(*outbox_->report("hears"), SizeIs(1)) << "and not one for each topic that was ever written";
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
}

TEST_F(OutboxTest, AnotherProcessThatTakesOverGoesOnWhereThisOneHasStopped) {
  run();
  publish_many(3000, [](int i) { return std::to_string(i % 5); });
  subscriber_.wait_for(100);
  close();
  open();
  run();
  const auto heard = subscriber_.wait_for(3000);
  expect_order(heard, 5);
}

TEST_F(OutboxTest, GoesOnWhenTheDiskHasRoomAgain) {
  run();
  publish("one");
  subscriber_.wait_for(1);
  fill_disk();
  const std::string lost = "\x01lost";
  EXPECT_FALSE(outbox_->publish(publication("", lost), nullptr));
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    EXPECT_TRUE(outbox_->publish(publication("", lost), transaction.get()));
    EXPECT_FALSE(transaction->commit());
  }
  make_room();
  publish("two");
  EXPECT_THAT(subscriber_.wait_for_texts(2), ElementsAre("one", "two"));
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0) << "what was heard meanwhile is written";
}

TEST_F(OutboxTest, WhatASlowSubscriberHasNotHeardLiesOnTheDisk) {
  constexpr std::size_t kMany = 20'000;
  const std::string bytes(2000, '\x01');
  std::atomic<bool> is_open{false};
  std::latch first_inside(1);
  std::atomic<bool> is_first{true};
  subscriber_.handle_with([&](const Heard&) {
    if (is_first.exchange(false)) first_inside.count_down();
    is_open.wait(false);
    return MORTISE_OK;
  });
  run();
  const auto before = ::mallinfo2().uordblks;
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    for (std::size_t i = 0; i < kMany; ++i) {
      ASSERT_TRUE(outbox_->publish(publication(std::to_string(i % 100), bytes), transaction.get()));
    }
    ASSERT_TRUE(transaction->commit());
  }
  first_inside.wait();
  EXPECT_EQ(outbox_->report("hears").value()[0].stored.waiting, kMany);
  // What sanitizers allocate themselves is not seen here.
  EXPECT_LT(::mallinfo2().uordblks, before + (std::size_t{16} << 20U)) << "of " << kMany * bytes.size();
  is_open = true;
  is_open.notify_all();
  EXPECT_THAT(subscriber_.wait_for(kMany), SizeIs(kMany));
}

TEST_F(OutboxTest, TellsItsCounts) {
  subscriber_.handle_with([](const Heard& heard) { return heard.text == "bad" ? MORTISE_UNAVAILABLE : MORTISE_OK; });
  run();
  publish("bad", "a");
  publish("good", "a");
  publish("after", "a");  // when those are counted
  subscriber_.wait_for(2);
  outbox_->bind("hears", {});
  publish("later");
  const auto reports = *outbox_->report("hears");
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].topic, kTopic);
  EXPECT_GE(reports[0].counts.delivered, 4U);
  EXPECT_EQ(reports[0].counts.failed, 3U);
  EXPECT_EQ(reports[0].stored.dead, 1U);
  EXPECT_GE(reports[0].stored.waiting, 1U);
}

}  // namespace
}  // namespace mortise::events
