#include "tasks/task_queue.hpp"

#include <latch>
#include <semaphore>
#include <set>

#include "no_new_threads.hpp"
#include "queue_fixture.hpp"
#include "runtime/failure.hpp"

namespace mortise::tasks {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(QueueTest, RunsWhatIsCommittedAndForgetsIt) {
  run();
  const auto id = submit("one");
  const auto ran = wait_for(1);
  EXPECT_EQ(ran[0].payload, "one");
  EXPECT_EQ(ran[0].id, id);
  EXPECT_EQ(ran[0].attempt, 1U);
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, ARolledBackTransactionRunsNothing) {
  run();
  {
    const auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
    submit(*transaction, "never");
  }
  submit("ever");
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("ever"));
}

TEST_F(QueueTest, RunsWhenThereIsAThreadAgain) {
  {
    const NoNewThreads none;
    run();
    submit("one");
  }
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("one"));
}

TEST_F(QueueTest, RunsSideBySide) {
  std::latch all_inside(4);
  handle_with([&](const Ran&) {
    all_inside.arrive_and_wait();
    return MORTISE_OK;
  });
  run();
  submit_many(4);
  EXPECT_THAT(wait_for(4), SizeIs(4));
}

TEST_F(QueueTest, WaitsForTheTime) {
  run();
  submit("later", {.after_ms = 20});
  submit("in an hour", {.after_ms = 3'600'000});
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("later"));
  turn_clock(1h);
  queue_->wake();
  EXPECT_THAT(wait_for_payloads(2), ElementsAre("later", "in an hour"));
}

TEST_F(QueueTest, AClockThatIsPutBackPutsNothingOff) {
  turn_clock(5h);
  const auto since = now_ms();
  submit("soon", {.after_ms = 20});
  submit_many(6000);
  turn_clock(-5h);
  run();
  EXPECT_THAT(wait_for(6001), SizeIs(6001));
  EXPECT_LT(now_ms(), since);
}

TEST_F(QueueTest, ComesAgainUntilItSucceeds) {
  handle_with([](const Ran& ran) { return ran.attempt < 3 ? MORTISE_UNAVAILABLE : MORTISE_OK; });
  run();
  submit("one");
  EXPECT_EQ(wait_for(1)[0].attempt, 3U);
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, WhatHasNotBegunCountsAsNoAttempt) {
  std::atomic<int> left{4};  // which is more than all attempts
  handle_with([&](const Ran&) {
    if (--left < 0) return MORTISE_OK;
    runtime::note_unbegun(*cone_->entry);
    return MORTISE_UNAVAILABLE;
  });
  run();
  submit("first", {.name = "a"});
  EXPECT_EQ(wait_for(1)[0].attempt, 1U);
  submit("next", {.name = "a"});
  EXPECT_EQ(wait_for(2)[1].attempt, 1U);
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, WhatIsReadyWaitsWithWhatHasNotBegun) {
  std::atomic<bool> is_away{true};
  std::atomic<int> tries{0};
  handle_with([&](const Ran&) {
    if (!is_away) return MORTISE_OK;
    ++tries;
    tries.notify_all();
    runtime::note_unbegun(*cone_->entry);
    return MORTISE_UNAVAILABLE;
  });
  run();
  submit_many(200);
  for (int seen = tries; seen < 10; seen = tries) tries.wait(seen);
  is_away = false;
  const auto all = wait_for(200);
  EXPECT_THAT(all, SizeIs(200));
  for (const auto& one : all) EXPECT_EQ(one.attempt, 1U);
}

TEST_F(QueueTest, AfterTheLastAttemptItIsDeadAndMayBeReplayed) {
  std::atomic<bool> is_mended{false};
  std::latch tries(3);
  handle_with([&](const Ran& ran) {
    if (ran.payload != "bad" || is_mended) return MORTISE_OK;
    tries.count_down();
    return MORTISE_UNAVAILABLE;
  });
  run();
  const auto bad = submit("bad", {.name = "a"});
  tries.wait();
  settle();
  const auto report = *queue_->report();
  ASSERT_THAT(report.tried, SizeIs(1));
  EXPECT_EQ(report.tried[0].id, bad);
  EXPECT_EQ(report.tried[0].name, "a");
  EXPECT_EQ(report.tried[0].attempts, 3U);
  EXPECT_TRUE(report.tried[0].is_dead);
  EXPECT_EQ(report.tried[0].error, "unavailable");
  EXPECT_GT(report.tried[0].tried_ms, 1'700'000'000'000);
  EXPECT_EQ(*queue_->replay(bad + 1), 0U);
  submit("good", {.name = "a"});
  EXPECT_EQ(*queue_->replay(bad), 0U) << "another one has its name";
  queue_->set_owner(true);
  wait_for(1);
  settle();
  is_mended = true;
  EXPECT_EQ(*queue_->replay({}), 1U);
  queue_->set_owner(true);
  EXPECT_EQ(wait_for(2)[1].attempt, 1U);
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, OneThatIsDiscardedRunsNoMore) {
  std::latch inside(1);
  std::latch go_on(1);
  handle_with([&](const Ran& ran) {
    if (ran.payload != "bad") return MORTISE_OK;
    EXPECT_EQ(ran.attempt, 1U);
    inside.count_down();
    go_on.wait();
    return MORTISE_UNAVAILABLE;
  });
  run();
  const auto bad = submit("bad", {.name = "a"});
  const auto later = submit("later", {.after_ms = 3'600'000});
  inside.wait();
  EXPECT_TRUE(*queue_->discard(bad));
  EXPECT_TRUE(*queue_->discard(later));
  EXPECT_FALSE(*queue_->discard(later));
  go_on.count_down();
  submit("good", {.name = "a"});
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("good"));
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, OfANameTheLatestRuns) {
  submit("first", {.name = "a"});
  submit("second", {.name = "a"});
  submit("other", {.handler = "other", .name = "a"});
  submit("third", {.name = "a"});
  run();
  auto payloads = wait_for_payloads(2);
  settle();
  std::sort(payloads.begin(), payloads.end());
  EXPECT_THAT(payloads, ElementsAre("other", "third"));
}

TEST_F(QueueTest, OfANameNoTwoRunAtATime) {
  std::atomic<int> inside{0};
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  handle_with([&](const Ran& ran) {
    if (ran.payload == "between") return MORTISE_OK;
    EXPECT_EQ(++inside, 1);
    entered.release();
    gate.acquire();
    --inside;
    return MORTISE_OK;
  });
  run();
  submit("one", {.name = "a"});
  entered.acquire();
  submit("two", {.name = "a"});
  submit("between");
  wait_for(1);  // which is read with it
  gate.release(2);
  EXPECT_THAT(wait_for_payloads(3), ElementsAre("between", "one", "two"));
}

TEST_F(QueueTest, WhatIsWithdrawnDoesNotBegin) {
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  handle_with([&](const Ran& ran) {
    if (ran.payload != "last") {
      entered.release();
      gate.acquire();
    }
    return MORTISE_OK;
  });
  run();
  submit_many(4);  // as many as have threads
  for (int i = 0; i < 4; ++i) entered.acquire();
  const auto id = submit("never");
  submit("last");
  withdraw(id);
  gate.release(4);
  wait_for(5);
  settle();
  EXPECT_THAT(wait_for_payloads(5), ::testing::Not(::testing::Contains("never")));
  EXPECT_THAT(wait_for(5), SizeIs(5));
}

TEST_F(QueueTest, EachOfManyRunsOnce) {
  run();
  submit_many(5000);
  const auto payloads = wait_for_payloads(5000);
  settle();
  EXPECT_THAT(std::set<std::string>(payloads.begin(), payloads.end()), SizeIs(5000));
  EXPECT_THAT(wait_for(5000), SizeIs(5000));
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, AnotherHandlersTasksDoNotWaitBehindManyOfOne) {
  submit_many(5000);
  submit("mine", {.handler = "other"});
  run();
  const auto ran = wait_for(5001);
  const auto mine = std::find_if(ran.begin(), ran.end(), [](const Ran& one) { return one.handler == "other"; });
  EXPECT_LT(mine - ran.begin(), static_cast<std::ptrdiff_t>(2 * kMostReady));
}

TEST_F(QueueTest, WhatNoHandlerIsForWaitsAndIsToldOf) {
  queue_->set_owner(true);
  queue_->run(cone_, handlers({"other"}));
  submit("waits", {.after_ms = -1});
  submit("runs", {.handler = "other"});
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("runs"));
  const auto report = *queue_->report();
  ASSERT_THAT(report.handlers, SizeIs(2));
  EXPECT_EQ(report.handlers[1].handler, "work");
  EXPECT_FALSE(report.handlers[1].is_handled);
  EXPECT_EQ(report.handlers[1].counts.waiting, 1U);
  EXPECT_TRUE(report.handlers[0].is_handled);
  queue_->run(make_cone(2), handlers());
  EXPECT_THAT(wait_for_payloads(2), ElementsAre("runs", "waits"));
}

TEST_F(QueueTest, NothingRunsUntilTheProcessIsTheOwner) {
  queue_->run(cone_, handlers());
  submit("one");
  EXPECT_TRUE(queue_->settle(std::chrono::steady_clock::now() + kPatience, {}));
  EXPECT_THAT(wait_for(0), IsEmpty());
  queue_->set_owner(true);
  wait_for(1);
}

TEST_F(QueueTest, SettlingWaitsForWhatIsUnderWay) {
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  handle_with([&](const Ran&) {
    entered.release();
    gate.acquire();
    return MORTISE_OK;
  });
  run();
  submit_many(100);
  entered.acquire();
  queue_->set_owner(false);
  EXPECT_FALSE(queue_->settle(std::chrono::steady_clock::now(), {}));
  gate.release(100);
  settle();
  const auto done = static_cast<std::int64_t>(wait_for(1).size());
  EXPECT_EQ(count(), 100 - done) << "what was done is written, and nothing new has begun";
}

TEST_F(QueueTest, AnotherProcessGoesOnWhereThisOneHasStopped) {
  handle_with([](const Ran& ran) {
    return ran.attempt == 1 && std::stoi(ran.payload) % 10 == 0 ? MORTISE_UNAVAILABLE : MORTISE_OK;
  });
  run();
  submit_many(2000);
  wait_for(100);
  close();
  open();
  run();
  const auto payloads = wait_for_payloads(2000);
  settle();
  EXPECT_THAT(std::set<std::string>(payloads.begin(), payloads.end()), SizeIs(2000));
  EXPECT_THAT(wait_for(2000), SizeIs(2000)) << "none twice";
}

TEST_F(QueueTest, AVersionThatHangsIsGivenUpAndTheNextOneRunsAll) {
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  const auto share = static_cast<int>(pool_.share_of(0));
  handle_with([&](const Ran& ran) {
    if (ran.attempt > 1) return MORTISE_OK;
    entered.release();
    gate.acquire();
    return MORTISE_OK;
  });
  run();
  submit_many(share);  // each takes a thread
  for (int i = 0; i < share; ++i) entered.acquire();
  const auto next = make_cone(2);
  queue_->run(next, handlers());
  queue_->abandon(*cone_->entry);
  for (const auto& ran : wait_for(static_cast<std::size_t>(share))) EXPECT_EQ(ran.attempt, 2U);
  settle();
  EXPECT_EQ(count(), 0);
  gate.release(share);
  wait_for(2 * static_cast<std::size_t>(share));  // whatever they return
}

TEST_F(QueueTest, WhatIsUnderWayFinishesAndTheRestRunsOnTheNextVersion) {
  std::counting_semaphore<> entered(0);
  std::counting_semaphore<> gate(0);
  handle_with([&](const Ran& ran) {
    if (ran.payload == "0") {
      entered.release();
      gate.acquire();
    }
    return MORTISE_OK;
  });
  run();
  submit_many(1);
  entered.acquire();
  queue_->rest();
  submit("next");
  queue_->run(make_cone(2), handlers());
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("next"));
  gate.release();
  EXPECT_THAT(wait_for_payloads(2), ElementsAre("next", "0"));
  settle();
  EXPECT_EQ(count(), 0);
}

TEST_F(QueueTest, WhatOthersSubmitIsFoundForAWhile) {
  queue_->set_owner(true, std::chrono::steady_clock::now() + kPatience);
  queue_->run(cone_, handlers());
  const auto elsewhere = *sql::Database::open(directory_.path() / "works.sqlite");
  EXPECT_TRUE(elsewhere->run("INSERT INTO mortise_tasks (handler, payload) VALUES ('work', x'61')", {}));
  EXPECT_THAT(wait_for_payloads(1), ElementsAre("a"));
}

}  // namespace
}  // namespace mortise::tasks
