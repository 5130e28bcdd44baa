// What becomes of durable events that a subscriber does not handle: they come again, wait, are given up, replayed or
// discarded, and those of their key keep their order.
#include <atomic>
#include <latch>

#include "events/outbox.hpp"
#include "outbox_fixture.hpp"
#include "runtime/failure.hpp"

namespace mortise::events {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Heard = FakeSubscriber::Heard;

TEST_F(OutboxTest, ComesAgainUntilItIsHeardAndOthersOfItsKeyWait) {
  std::atomic<int> tries{0};
  subscriber_.handle_with([&](const Heard& heard) {
    const bool is_bad = heard.text == "bad" && ++tries < 3;
    return is_bad ? MORTISE_UNAVAILABLE : MORTISE_OK;
  });
  run();
  publish("first", "a");
  publish("bad", "a");
  for (int i = 0; i < 200; ++i) publish(std::to_string(i), "a");
  const auto heard = subscriber_.wait_for(202);
  EXPECT_EQ(heard[0].text, "first");
  EXPECT_EQ(heard[1].text, "bad");
  EXPECT_EQ(heard[1].attempt, 3U);
  expect_order({heard.begin() + 2, heard.end()});
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

TEST_F(OutboxTest, WhatHasNotBegunCountsAsNoAttemptAndKeepsItsOrder) {
  std::atomic<int> left{12};  // of three keys each four times, which is more than all attempts
  subscriber_.handle_with([&](const Heard&) {
    if (--left < 0) return MORTISE_OK;
    runtime::note_unbegun(subscriber_.generation());
    return MORTISE_UNAVAILABLE;
  });
  run();
  publish_many(300, [](int i) { return std::to_string(i % 3); });
  const auto heard = subscriber_.wait_for(300);
  expect_order(heard, 3);
  for (const auto& one : heard) EXPECT_EQ(one.attempt, 1U);
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

TEST_F(OutboxTest, WhatHasNotBegunIsLeftToWhoDeliversNext) {
  std::atomic<bool> is_away{true};
  std::atomic<bool> is_tried{false};
  subscriber_.handle_with([&](const Heard&) {
    if (!is_away) return MORTISE_OK;
    is_tried = true;
    is_tried.notify_all();
    runtime::note_unbegun(subscriber_.generation());
    return MORTISE_UNAVAILABLE;
  });
  run();
  publish_many(20, [](int) { return "a"; });
  is_tried.wait(false);
  close();
  is_away = false;
  open();
  run();
  const auto heard = subscriber_.wait_for(20);
  expect_order(heard);
  EXPECT_EQ(heard[0].attempt, 1U);
}

TEST_F(OutboxTest, AfterTheLastAttemptItIsDeadAndMayBeReplayed) {
  std::atomic<bool> is_mended{false};
  subscriber_.handle_with(
      [&](const Heard& heard) { return heard.text == "bad" && !is_mended ? MORTISE_UNAVAILABLE : MORTISE_OK; });
  run();
  publish("bad", "a");
  publish("next", "a");
  publish("other", "b");
  subscriber_.wait_for(2);
  settle();
  auto dead = outbox_->dead("hears")->letters;
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].publisher, "says");
  EXPECT_EQ(dead[0].topic, kTopic);
  EXPECT_EQ(dead[0].key, "a");
  EXPECT_EQ(dead[0].attempts, 3U);
  EXPECT_EQ(dead[0].error, "unavailable");
  EXPECT_GT(dead[0].tried_ms, 1'700'000'000'000);
  EXPECT_THAT(outbox_->dead("others")->letters, IsEmpty());
  EXPECT_EQ(count("mortise_outbox"), 1) << "what may be replayed is kept";
  outbox_->set_owner(true);
  is_mended = true;
  EXPECT_EQ(*outbox_->replay("hears", dead[0].id + 1), 0U);
  EXPECT_EQ(*outbox_->replay("hears", dead[0].id), 1U);
  EXPECT_EQ(subscriber_.wait_for(3)[2].text, "bad");
  settle();
  EXPECT_THAT(outbox_->dead("hears")->letters, IsEmpty());
  EXPECT_EQ(count("mortise_outbox"), 0);
}

TEST_F(OutboxTest, OneThatFailsIsDiscardedAndTheNextOfItsKeyComes) {
  rules_.first_pause = rules_.longest_pause = std::chrono::hours(1);
  close();
  open();
  std::atomic<bool> is_tried{false};
  subscriber_.handle_with([&](const Heard& heard) {
    if (heard.text != "bad") return MORTISE_OK;
    is_tried = true;
    is_tried.notify_all();
    return MORTISE_UNAVAILABLE;
  });
  run();
  publish("good", "a");
  const auto first = static_cast<std::int64_t>(subscriber_.wait_for(1)[0].id);
  publish("bad", "a");
  publish("next", "a");
  is_tried.wait(false);
  EXPECT_EQ(*outbox_->discard("others", first + 1), 0U);
  EXPECT_EQ(*outbox_->discard("hears", first), 0U) << "it was heard";
  EXPECT_EQ(*outbox_->discard("hears", first + 1), 1U);
  EXPECT_THAT(subscriber_.wait_for_texts(2), ElementsAre("good", "next"));
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

TEST_F(OutboxTest, OneThatIsInItsTurnIsDiscardedAndWhatIsUnderWayIsTheLastAttempt) {
  std::latch inside(1);
  std::latch go_on(1);
  subscriber_.handle_with([&](const Heard& heard) {
    if (heard.text != "0") return MORTISE_OK;
    EXPECT_EQ(heard.attempt, 1U);
    inside.count_down();
    go_on.wait();
    return MORTISE_UNAVAILABLE;
  });
  run();
  publish_many(4, [](int) { return "a"; });
  inside.wait();
  EXPECT_EQ(*outbox_->discard("hears", 1), 1U);
  EXPECT_EQ(*outbox_->discard("hears", 3), 1U);
  EXPECT_EQ(*outbox_->discard("hears", 3), 0U);
  go_on.count_down();
  EXPECT_THAT(subscriber_.wait_for_texts(2), ElementsAre("1", "3"));
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

TEST_F(OutboxTest, ThoseThatAreDeadAreDiscardedTogether) {
  subscriber_.handle_with([](const Heard& heard) { return heard.key == "bad" ? MORTISE_UNAVAILABLE : MORTISE_OK; });
  run();
  publish_many(9, [](int i) { return i % 3 == 0 ? "bad" : "good"; });
  publish("last", "good");
  subscriber_.wait_for(7);
  for (;; std::this_thread::yield()) {
    if (outbox_->dead("hears")->letters.size() == 3) break;
  }
  EXPECT_EQ(*outbox_->discard("others", {}), 0U);
  EXPECT_EQ(*outbox_->discard("hears", {}), 3U);
  EXPECT_THAT(outbox_->dead("hears")->letters, IsEmpty());
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

TEST_F(OutboxTest, NobodysDeadEventsHideAnothers) {
  rules_.attempts = 1;
  close();
  open();
  FakeSubscriber other;
  for (auto* const one : {&subscriber_, &other}) one->handle_with([](const Heard&) { return MORTISE_UNAVAILABLE; });
  run();
  outbox_->bind("zoo", other.addressee());
  publish_many(700, [](int) { return ""; });
  for (;; std::this_thread::yield()) {
    const auto all = *outbox_->dead("");
    if (all.left_out.size() == 2 && all.left_out[0].count + all.left_out[1].count == 400) break;
  }
  const auto all = *outbox_->dead("");
  EXPECT_THAT(all.letters, SizeIs(1000));
  EXPECT_EQ(all.left_out[0].subscriber, "hears");
  EXPECT_EQ(all.left_out[0].count, 200U);
  EXPECT_EQ(all.left_out[1].subscriber, "zoo");
  EXPECT_THAT(outbox_->dead("zoo")->letters, SizeIs(500));
  EXPECT_TRUE(outbox_->dead("zoo")->is_known);
  EXPECT_FALSE(outbox_->dead("nobody")->is_known);
  settle();
}

TEST_F(OutboxTest, OneOfAnotherFormIsGivenUpUnlessAVersionOfThatFormComes) {
  run();
  outbox_->bind("hears", subscriber_.addressee(kTopic, kForm + 1));
  publish("old", "a");
  const auto wait_until_dead = [&] {
    while (count("mortise_outbox_deliveries WHERE is_dead <> 0") == 0) std::this_thread::yield();
  };
  wait_until_dead();
  const auto dead = outbox_->dead("hears")->letters;
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_THAT(dead[0].error, HasSubstr("another form"));
  outbox_->bind("hears", subscriber_.addressee());
  EXPECT_EQ(*outbox_->replay("hears", std::nullopt), 1U);
  EXPECT_THAT(subscriber_.wait_for_texts(1), ElementsAre("old"));
}

TEST_F(OutboxTest, AHandlerThatNeverReturnsIsNotWaitedForWhenItsGenerationIsCut) {
  std::latch is_let_go(1);
  std::latch all_inside(8);
  std::atomic<int> held{8};  // as many as are handled at a time
  subscriber_.handle_with([&](const Heard&) {
    if (held.fetch_sub(1) <= 0) return MORTISE_OK;
    all_inside.count_down();
    is_let_go.wait();
    return MORTISE_OK;
  });
  run();
  publish_many(9, [](int i) { return std::to_string(i); });
  all_inside.wait();
  outbox_->abandon(subscriber_.generation());
  EXPECT_THAT(subscriber_.wait_for(9), SizeIs(9)) << "those that were held again, and the one behind them";
  is_let_go.count_down();
  subscriber_.wait_for(17);  // what returns late counts for nothing
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
}

TEST_F(OutboxTest, ManyThatFailComeAgainInTheOrderOfTheirKeys) {
  std::atomic<int> failures{2000};
  subscriber_.handle_with([&](const Heard& heard) {
    return heard.attempt == 1 && failures.fetch_sub(1) > 0 ? MORTISE_UNAVAILABLE : MORTISE_OK;
  });
  run();
  publish_many(6000, [](int i) { return std::to_string(i % 1500); });
  expect_order(subscriber_.wait_for(6000), 1500);
  settle();
  EXPECT_EQ(count("mortise_outbox"), 0);
  EXPECT_EQ(count("mortise_outbox_deliveries"), 0);
}

}  // namespace
}  // namespace mortise::events
