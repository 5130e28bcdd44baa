// Who may write when, and for how long: transactions, snapshots, deadlines, and the order of those who wait.
#include <sqlite3.h>

#include <latch>
#include <thread>

#include "database_test_base.hpp"
#include "sql/database.hpp"

namespace mortise::sql {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Time now() { return std::chrono::steady_clock::now(); }

TEST_F(DatabaseTest, ATransactionIsSeenAllOrNotAtAll) {
  {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('kept')", {}));
    std::thread([this] { EXPECT_THAT(select("SELECT name FROM item"), IsEmpty()); }).join();
    ASSERT_TRUE(transaction->commit());
  }
  {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('dropped')", {}));
  }
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(DatabaseTest, AFailedStatementLeavesTheRestOfItsTransaction) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('a')", {}));
  EXPECT_FALSE(transaction->run("INSERT INTO item (name) VALUES ('a')", {}));
  ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('b')", {}));
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_THAT(select("SELECT name FROM item ORDER BY name"), ElementsAre("a", "b"));
}

TEST_F(DatabaseTest, ASnapshotStaysWhatItWasAndWritesNothing) {
  add("before", 1);
  auto snapshot = *database_->begin(Database::Access::read, Time::max());
  Rows first;
  ASSERT_TRUE(snapshot->run("SELECT name FROM item", {.rows = first.table()}));
  add("after", 1);
  Rows second;
  ASSERT_TRUE(snapshot->run("SELECT name FROM item", {.rows = second.table()}));
  EXPECT_EQ(second.all(), first.all());
  const auto written = snapshot->run("DELETE FROM item", {});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::failed_precondition);
}

TEST_F(DatabaseTest, AThreadThatWouldWaitForItselfIsTold) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  EXPECT_EQ(refusal("DELETE FROM item"), ErrorCode::failed_precondition);
  EXPECT_FALSE(database_->begin(Database::Access::write, Time::max()));
  transaction.reset();
  EXPECT_TRUE(run("DELETE FROM item"));
}

TEST_F(DatabaseTest, WhoWaitsToWriteDoesSoUntilTheDeadline) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  std::thread([this] {
    const auto late = run("DELETE FROM item", {}, nullptr, now() + 20ms);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::deadline_exceeded);
    EXPECT_THAT(select("SELECT count(*) FROM item"), ElementsAre("0")) << "readers do not wait";
  }).join();
}

TEST_F(DatabaseTest, AStatementThatComputesIsInterruptedAtTheDeadline) {
  const auto begun = now();
  const auto endless = run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", {},
                           nullptr, now() + 50ms);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().code, ErrorCode::deadline_exceeded);
  EXPECT_GE(now() - begun, 50ms);
  EXPECT_THAT(select("SELECT 1"), ElementsAre("1")) << "the next one has its own";
}

TEST_F(DatabaseTest, ADeadlineInATransactionEndsTheTransaction) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('lost')", {}));
  const auto late = transaction->run(
      "INSERT INTO item (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
      {.deadline = now() + 20ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::deadline_exceeded);
  const auto next = transaction->run("SELECT 1", {});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::aborted);
  EXPECT_FALSE(transaction->commit());
  transaction.reset();
  EXPECT_THAT(select("SELECT name FROM item"), IsEmpty());
}

TEST_F(DatabaseTest, ATransactionThatDoesNotEndIsRolledBackForWhoWaits) {
  auto forgotten = *database_->begin(Database::Access::write, now() + 20ms);
  ASSERT_TRUE(forgotten->run("INSERT INTO item (name) VALUES ('lost')", {}));
  std::thread([this] { add("written", 1); }).join();
  const auto next = forgotten->run("INSERT INTO item (name) VALUES ('lost, too')", {});
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::aborted);
  EXPECT_THAT(next.error().message, HasSubstr("longer than it may be"));
  EXPECT_FALSE(forgotten->commit());
  add("and more", 1);
  forgotten.reset();
  EXPECT_THAT(select("SELECT name FROM item ORDER BY name"), ElementsAre("and more", "written"));
}

TEST_F(DatabaseTest, ATransactionThatComputesForTooLongIsInterruptedForWhoWaits) {
  auto computing = *database_->begin(Database::Access::write, now());
  std::thread waiting([this] { add("written", 1); });
  const auto ended = computing->run(
      "INSERT INTO item (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
      {});
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::aborted);
  waiting.join();
  EXPECT_FALSE(computing->commit());
  computing.reset();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("written"));
}

TEST_F(DatabaseTest, AThreadThatHasForgottenItsTransactionMayWriteAgainAfterItsTime) {
  const auto forgotten = *database_->begin(Database::Access::write, now() - 2s);
  add("written", 1);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("written"));
}

TEST_F(DatabaseTest, WhoWaitsHasItsTurnInTheOrderOfComing) {
  auto first = *database_->begin(Database::Access::write, Time::max());
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  std::vector<std::string> names;
  for (int i = 0; i < kThreads; ++i) {
    names.push_back(std::to_string(i));
    std::latch begun(1);
    threads.emplace_back([&, i] {
      begun.count_down();
      add(std::to_string(i), i);
    });
    begun.wait();
    std::this_thread::sleep_for(20ms);  // it comes to wait, for all that can be seen from here
  }
  ASSERT_TRUE(first->commit());
  first.reset();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(select("SELECT name FROM item ORDER BY id"), names);
}

TEST_F(DatabaseTest, WhoHasGoneWaitsNoLonger) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  std::atomic<bool> gone = false;
  std::thread waiting([&] {
    const Caller caller{.whose = &gone, .thread = 1, .gone = &gone};
    const auto begun = database_->begin(Database::Access::write, Time::max(), caller);
    ASSERT_FALSE(begun);
    EXPECT_EQ(begun.error().code, ErrorCode::cancelled);
  });
  gone = true;
  database_->wake_waiting();
  waiting.join();
}

TEST_F(DatabaseTest, WhatRunsForWhoHasGoneEnds) {
  std::atomic<bool> gone = false;
  std::thread running([&] {
    const auto endless =
        database_->run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
                       {.caller = {.whose = &gone, .thread = 1, .gone = &gone}});
    EXPECT_FALSE(endless);
  });
  gone = true;
  running.join();
}

TEST_F(DatabaseTest, ATransactionOutlivesWhoHasGivenItsDatabaseUp) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('late')", {}));
  database_.reset();
  EXPECT_TRUE(transaction->commit());
  transaction.reset();
  database_ = *Database::open(file());
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("late"));
}

TEST_F(DatabaseTest, WritersOfManyThreadsLoseNothing) {
  add("sum", 0);
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      mortise_sql_outcome outcome{sizeof(mortise_sql_outcome), 0, 0, 0};
      for (int round = 0; round < kRounds; ++round) {
        auto transaction = *database_->begin(Database::Access::write, Time::max());
        Rows rows;
        ASSERT_TRUE(transaction->run("SELECT amount FROM item WHERE name = 'sum'", {.rows = rows.table()}));
        const std::vector<mortise_sql_value> next{integer(std::stoll(rows.all().at(0)) + 1)};
        ASSERT_TRUE(transaction->run("UPDATE item SET amount = ? WHERE name = 'sum'", {.parameters = next}));
        ASSERT_TRUE(transaction->commit());
        ASSERT_TRUE(database_->run("SELECT * FROM item", {.outcome = &outcome}));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(select("SELECT amount FROM item"), ElementsAre(std::to_string(kThreads * kRounds)));
}

TEST_F(DatabaseTest, WaitsForALockOfAnotherProcessUntilTheDeadline) {
  sqlite3* other = nullptr;
  ASSERT_EQ(::sqlite3_open(file().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(::sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto locked = run("DELETE FROM item", {}, nullptr, now() + 30ms);
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::deadline_exceeded);
  EXPECT_THAT(locked.error().message, HasSubstr("database is locked"));
  ASSERT_EQ(::sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  ::sqlite3_close(other);
  EXPECT_TRUE(run("DELETE FROM item"));
}

}  // namespace
}  // namespace mortise::sql
