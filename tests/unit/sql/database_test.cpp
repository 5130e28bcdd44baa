#include "sql/database.hpp"

#include <sqlite3.h>

#include <fstream>
#include <latch>
#include <thread>

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Time now() { return std::chrono::steady_clock::now(); }

TEST_F(DatabaseTest, GivesBackEachTypeAsItWasBound) {
  Rows rows;
  const std::string zero("a\0b", 3);
  mortise_sql_value real{MORTISE_SQL_REAL, 0, 0, 2.5, {nullptr, 0}};
  mortise_sql_value blob = text(zero);
  blob.type = MORTISE_SQL_BLOB;
  const auto done = run("SELECT ?, ?, ?, ?, ?, typeof(?3), typeof(?5)",
                        {integer(INT64_MIN), real, text(zero), mortise_sql_value{}, blob}, &rows);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(rows.all(), ElementsAre("-9223372036854775808|2.500000|" + zero + "||" + zero + "|text|blob"));
}

TEST_F(DatabaseTest, TellsWhatAStatementHasChanged) {
  add("a", 1);
  EXPECT_EQ(outcome_.last_row_id, 1);
  add("b", 2);
  EXPECT_EQ(outcome_.last_row_id, 2);
  ASSERT_TRUE(run("UPDATE item SET amount = amount + 1"));
  EXPECT_EQ(outcome_.changed_rows, 2);
  ASSERT_TRUE(run("SELECT * FROM item"));
  EXPECT_EQ(outcome_.changed_rows, 0);
}

TEST_F(DatabaseTest, TellsOfNothingThatAnotherStatementHasChanged) {
  add("a", 1);
  ASSERT_TRUE(run("INSERT INTO item (name) VALUES ('a') ON CONFLICT DO NOTHING"));
  EXPECT_EQ(outcome_.last_row_id, 0);
  EXPECT_EQ(outcome_.changed_rows, 0);
  ASSERT_TRUE(run("REINDEX item"));
  EXPECT_EQ(outcome_.last_row_id, 0);
}

TEST_F(DatabaseTest, KeepsMoreStatementsThanItCanByParsingSomeAnew) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 300; ++i) {
      EXPECT_THAT(select("SELECT " + std::to_string(i)), ElementsAre(std::to_string(i)));
    }
  }
}

TEST_F(DatabaseTest, HandsOutEveryColumnAlsoOfMany) {
  std::string statement = "SELECT 1";
  std::string expected = "1";
  for (int i = 2; i <= 40; ++i) {
    statement += ", " + std::to_string(i);
    expected += "|" + std::to_string(i);
  }
  EXPECT_THAT(select(statement + " UNION ALL " + statement), ElementsAre(expected, expected));
}

TEST_F(DatabaseTest, AStatementThatIsKeptHasTheColumnsOfTheNextSchema) {
  add("a", 1);
  EXPECT_THAT(select("SELECT * FROM item"), ElementsAre("1|a|1"));
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(transaction->connection().run_script("ALTER TABLE item ADD COLUMN more DEFAULT 7", Author::migration));
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_THAT(select("SELECT * FROM item"), ElementsAre("1|a|1|7"));
}

TEST_F(DatabaseTest, AFullDiskLeavesWhatWasThere) {
  add("kept", 1);
  {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    std::string pages;
    ASSERT_TRUE(transaction->connection().ask("PRAGMA page_count", {},
                                              [&](std::span<const std::string_view> row) { pages = row[0]; }));
    ASSERT_TRUE(transaction->connection().ask("PRAGMA max_page_count=" + pages));
    const std::string large(100000, 'x');
    const std::vector<mortise_sql_value> values{text(large)};
    const auto full = transaction->run("INSERT INTO item (name) VALUES (?)", {.parameters = values});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::unavailable);
    EXPECT_EQ(full.error().message,
              "the disk is full: the database 'one.sqlite' has no room to grow (database or disk is full); make room, "
              "and try again");
    EXPECT_FALSE(transaction->commit()) << "SQLite has rolled it back";
    ASSERT_TRUE(transaction->connection().ask("PRAGMA max_page_count=100000"));
  }
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
  add("more", 1);
}

TEST_F(DatabaseTest, SaysWhatIsWrongWithAStatement) {
  add("a", 1);
  EXPECT_EQ(refusal("INSERT INTO item (name) VALUES ('a')"), ErrorCode::already_exists);
  EXPECT_EQ(refusal("INSERT INTO item (amount) VALUES (-1)"), ErrorCode::failed_precondition);
  EXPECT_EQ(refusal("SELEKT 1"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("SELECT * FROM nowhere"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(""), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("  -- nothing"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("DELETE FROM item; DELETE FROM item"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(std::string_view("SELECT 1\0", 9)), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal(std::string_view("\0", 1)), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("SELECT ?", {mortise_sql_value{MORTISE_SQL_TEXT, 0, 0, 0, {nullptr, 5}}}),
            ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("SELECT zeroblob(100000000)"), ErrorCode::out_of_range);
  EXPECT_EQ(refusal("SELECT ?"), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("SELECT 1", {integer(1)}), ErrorCode::invalid_argument);
  EXPECT_EQ(refusal("SELECT ?", {mortise_sql_value{.type = 77, .reserved = 0, .integer = 0, .real = 0, .bytes = {}}}),
            ErrorCode::invalid_argument);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("a"));
}

TEST_F(DatabaseTest, ARowThatIsRefusedEndsTheStatementWithThatStatus) {
  for (const auto* name : {"a", "b", "c"}) add(name, 1);
  Rows rows;
  rows.refuse(2, MORTISE_ABORTED);
  EXPECT_EQ(*run("SELECT name FROM item ORDER BY name", {}, &rows), MORTISE_ABORTED);
  EXPECT_THAT(rows.all(), ElementsAre("a", "b"));
  EXPECT_THAT(select("SELECT count(*) FROM item"), ElementsAre("3"));
}

TEST_F(DatabaseTest, ARowThatIsRefusedUndoesWhatItsStatementWrote) {
  Rows refusing;
  refusing.refuse(1, MORTISE_ABORTED);
  constexpr auto kInsert = "INSERT INTO item (name) VALUES ('a'), ('b') RETURNING name";
  EXPECT_EQ(*run(kInsert, {}, &refusing), MORTISE_ABORTED);
  EXPECT_THAT(select("SELECT name FROM item"), IsEmpty());
  Rows taking;
  ASSERT_TRUE(run(kInsert, {}, &taking));
  EXPECT_THAT(taking.all(), ElementsAre("a", "b"));
  EXPECT_EQ(outcome_.changed_rows, 2);
  EXPECT_THAT(select("SELECT name FROM item ORDER BY name"), ElementsAre("a", "b"));
}

TEST_F(DatabaseTest, ARowThatIsRefusedLeavesTheRestOfItsTransaction) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES ('kept')", {}));
  Rows refusing;
  refusing.refuse(1, MORTISE_ABORTED);
  EXPECT_EQ(*transaction->run("INSERT INTO item (name) VALUES ('undone') RETURNING id", {.rows = refusing.table()}),
            MORTISE_ABORTED);
  ASSERT_TRUE(transaction->commit());
  transaction.reset();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(DatabaseTest, AStatementThatHandsOutRowsIsLeftToEndFirst) {
  struct Nested {
    Database::Transaction& transaction;
    ErrorCode code = ErrorCode::unknown;
  };
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  Nested nested{*transaction};
  const auto row = [](void* self, const mortise_sql_value*, std::uint32_t) -> mortise_status {
    auto& inside = *static_cast<Nested*>(self);
    const auto ran = inside.transaction.run("SELECT 2", {});
    if (!ran) inside.code = ran.error().code;
    return MORTISE_OK;
  };
  const mortise_sql_rows rows{sizeof(mortise_sql_rows), 0, &nested, row};
  EXPECT_EQ(*transaction->run("SELECT 1", {.rows = &rows}), MORTISE_OK);
  EXPECT_EQ(nested.code, ErrorCode::failed_precondition);
  EXPECT_TRUE(transaction->run("SELECT 2", {})) << "afterwards it may";
}

TEST_F(DatabaseTest, ACommentMayFollowAStatement) {
  EXPECT_THAT(select("SELECT 1; -- that is all"), ElementsAre("1"));
  EXPECT_THAT(select("SELECT 1 /* or not */;;  "), ElementsAre("1"));
}

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

TEST_F(DatabaseTest, OneThatIsNoneSaysSoAndWhatToDo) {
  const auto broken = directory_.path() / "broken.sqlite";
  std::ofstream(broken) << std::string(8192, 'x');
  const auto opened = Database::open(broken);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::data_loss);
  EXPECT_THAT(opened.error().message, HasSubstr(broken.string()));
  EXPECT_THAT(opened.error().message, HasSubstr("put a backup in its place"));
}

TEST_F(DatabaseTest, OneWithABrokenPageIsFoundWhenItIsOpened) {
  ASSERT_TRUE(
      run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
          "INSERT INTO item (name, amount) SELECT 'a rather long name of number ' || i, i FROM n"));
  database_.reset();
  const auto size = std::filesystem::file_size(file());
  {
    std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(static_cast<std::streamoff>(size / 2));
    bytes << std::string(16384, '\xa5');
  }
  const auto opened = Database::open(file());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::data_loss);
}

TEST_F(DatabaseTest, FilesThatCannotBeHadAreNamed) {
  const auto opened = Database::open(directory_.path() / "nowhere" / "one.sqlite");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
  EXPECT_THAT(opened.error().message, HasSubstr("nowhere/one.sqlite"));
}

}  // namespace
}  // namespace mortise::sql
