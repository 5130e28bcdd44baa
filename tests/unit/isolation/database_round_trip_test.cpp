// Statements of a plugin in a process of its own, with both sides in one process. Under ThreadSanitizer this is what
// looks at the places that they share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "http/make_generation.hpp"
#include "isolation/database_calls.hpp"
#include "isolation/remote_sql.hpp"
#include "isolation/ring.hpp"
#include "runtime/scope.hpp"
#include "sql/database_test_base.hpp"

namespace mortise::isolation {
namespace {

using base::ErrorCode;
using sql::integer;
using sql::Rows;
using sql::text;
using sql::Time;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Access = sql::Database::Access;

class DatabaseRoundTripTest : public sql::DatabaseTest {
 protected:
  DatabaseRoundTripTest() : attendant_([this] { attend(); }) {}
  ~DatabaseRoundTripTest() override {
    is_over_ = true;
    attendant_.join();
    calls_->end();
  }

  void attend() {
    RingReader<Completion> completions(area_->memory().completions);
    while (!is_over_) {
      const auto completion = completions.pop();
      if (!completion) {
        std::this_thread::yield();
      } else if (completion->kind == Completion::Kind::taken) {
        outgoing_->take_back(completion->argument);
      } else {
        calls_->take(static_cast<std::uint32_t>(completion->argument));
      }
    }
  }
  /// As the plugin in the worker.
  base::Result<mortise_status> ask(std::string_view statement, const std::vector<mortise_sql_value>& parameters = {},
                                   const Rows* rows = nullptr, std::uint64_t transaction = 0) {
    return remote_.run(transaction, statement, parameters, rows == nullptr ? nullptr : rows->table(), &told_);
  }
  /// What a worker that keeps to no rule says in the place.
  void say(std::uint32_t number, const Payload& request) {
    auto& place = area_->memory().outgoing[number];
    place.wanted.store({.request = request});
    place.is_there.store(0);
    calls_->take(number);
  }
  void wait_for_breach() const {
    while (!end_.breach->is_noted()) std::this_thread::yield();
  }

  std::shared_ptr<Area> area_ = *Area::make();
  HostEnd end_ = HostEnd::make(area_, [] {});
  std::vector<ForwardedSlot> slots_;
  GrowingPool pool_{kOutgoingCount};
  std::shared_ptr<OutgoingCalls> outgoing_ = std::make_shared<OutgoingCalls>(end_, slots_);
  std::shared_ptr<DatabaseCalls> calls_ =
      std::make_shared<DatabaseCalls>(end_, outgoing_, database_, pool_, [this] { return longest_.load(); });
  HostLink link_{Talk(base::Descriptor()), area_, base::Descriptor()};
  OutgoingPlaces places_{link_};
  RemoteSql remote_{link_, places_};
  mortise_sql_outcome told_{sizeof(mortise_sql_outcome), 0, 0, 0};
  std::atomic<std::chrono::milliseconds> longest_{std::chrono::minutes(1)};
  std::atomic<bool> is_over_{false};
  std::thread attendant_;
};

TEST_F(DatabaseRoundTripTest, ValuesAndOutcomesCross) {
  const std::string zero("a\0b", 3);
  ASSERT_TRUE(ask("INSERT INTO item (name, amount) VALUES (?, ?)", {text(zero), integer(7)}));
  EXPECT_EQ(told_.changed_rows, 1);
  EXPECT_EQ(told_.last_row_id, 1);
  Rows rows;
  const mortise_sql_value real{MORTISE_SQL_REAL, 0, 0, 2.5, {nullptr, 0}};
  ASSERT_TRUE(ask("SELECT name, amount, ?, NULL, ? FROM item", {real, integer(INT64_MIN)}, &rows));
  EXPECT_THAT(rows.all(), ElementsAre(zero + "|7|2.500000||-9223372036854775808"));
}

TEST_F(DatabaseRoundTripTest, LargeValuesCrossAndLeaveNothingBehind) {
  const std::string large(3'000'000, 'x');
  for (int i = 0; i < 100; ++i) {
    Rows rows;
    ASSERT_TRUE(ask("SELECT ? || 'y'", {text(large)}, &rows));
    ASSERT_THAT(rows.all(), ElementsAre(large + "y"));
  }
}

TEST_F(DatabaseRoundTripTest, FailuresSayWhatIsWrong) {
  const auto failed = ask("SELEKT 1");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(failed.error().message, HasSubstr("SELEKT"));
  const auto many = ask("SELECT zeroblob(60000000), zeroblob(60000000)", {}, std::make_unique<Rows>().get());
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().code, ErrorCode::resource_exhausted);
  EXPECT_THAT(many.error().message, HasSubstr("select fewer at a time"));
}

TEST_F(DatabaseRoundTripTest, RowsOfManyStatementsTakeNoMoreThanTheyMayTogether) {
  // Each holds a row of 60 MB, and computes until its worker is gone.
  constexpr auto kHolding =
      "SELECT zeroblob(60000000) UNION ALL "
      "SELECT max(i) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n)";
  std::vector<std::thread> holding;
  for (int i = 0; i < 2; ++i) {
    holding.emplace_back([this] {
      const auto hold = [this] { return ask(kHolding, {}, std::make_unique<Rows>().get()); };
      auto held = hold();
      // What is asked below may have the room just then.
      while (!held && held.error().code == ErrorCode::resource_exhausted) held = hold();
      EXPECT_FALSE(held);
    });
  }
  const auto ask_more = [this] { return ask("SELECT zeroblob(20000000)", {}, std::make_unique<Rows>().get()); };
  auto more = ask_more();
  while (more) more = ask_more();  // until both have theirs
  EXPECT_EQ(more.error().code, ErrorCode::resource_exhausted);
  EXPECT_THAT(more.error().message, HasSubstr("more than 128 MiB at this moment"));
  EXPECT_TRUE(ask("SELECT 1", {}, std::make_unique<Rows>().get())) << "what is small has room";
  calls_->end();
  for (auto& thread : holding) thread.join();
}

TEST_F(DatabaseRoundTripTest, WhatWasHandedOverOrRefusedTakesNothing) {
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(ask("SELECT zeroblob(10000000)", {}, std::make_unique<Rows>().get()));
    const auto refused =
        ask("SELECT zeroblob(10000000) UNION ALL SELECT zeroblob(60000000)", {}, std::make_unique<Rows>().get());
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("select fewer at a time"));
  }
}

TEST_F(DatabaseRoundTripTest, ATransactionIsSeenAllOrNotAtAll) {
  const auto transaction = *remote_.begin(0);
  ASSERT_TRUE(ask("INSERT INTO item (name) VALUES ('kept')", {}, nullptr, transaction));
  EXPECT_THAT(select("SELECT name FROM item"), IsEmpty());
  EXPECT_EQ(ask("DELETE FROM item").error().code, ErrorCode::failed_precondition) << "it would wait for itself";
  ASSERT_TRUE(remote_.end(SqlAction::commit, transaction));
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
  EXPECT_FALSE(remote_.end(SqlAction::commit, transaction)) << "it is over";
}

TEST_F(DatabaseRoundTripTest, AClientThatHasGoneInterruptsNothing) {
  const std::atomic<runtime::Scope::Time> gone{runtime::Scope::kUnheard};
  const auto cone = http::testing::make_cone(http::testing::make_generation("writes"));
  const runtime::Scope scope(cone, &gone);
  const auto transaction = *remote_.begin(0);
  ASSERT_TRUE(
      ask("INSERT INTO item (name, amount) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
          "WHERE i < 100000) SELECT 'long', max(i) FROM n",
          {}, nullptr, transaction));
  ASSERT_TRUE(remote_.end(SqlAction::commit, transaction));
  EXPECT_THAT(select("SELECT amount FROM item"), ElementsAre("100000"));
}

TEST_F(DatabaseRoundTripTest, ATransactionLastsNoLongerThanTheHostHasIt) {
  longest_ = std::chrono::milliseconds(20);
  const auto transaction = *remote_.begin(0);  // without a deadline
  std::thread endless([&] {
    const auto ended = ask(
        "INSERT INTO item (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        {}, nullptr, transaction);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, ErrorCode::aborted);
    EXPECT_THAT(ended.error().message, HasSubstr("longer than it may be"));
  });
  add("written", 1);
  endless.join();
  EXPECT_FALSE(remote_.end(SqlAction::commit, transaction));
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("written"));
}

TEST_F(DatabaseRoundTripTest, RowsThatAreRefusedUndoTheirStatement) {
  constexpr auto kInsert = "INSERT INTO item (name) VALUES ('a'), ('b') RETURNING name";
  Rows refusing;
  refusing.refuse(1, MORTISE_ABORTED);
  EXPECT_EQ(*ask(kInsert, {}, &refusing), MORTISE_ABORTED);
  const auto transaction = *remote_.begin(0);
  ASSERT_TRUE(ask("INSERT INTO item (name) VALUES ('kept')", {}, nullptr, transaction));
  Rows refusing_again;
  refusing_again.refuse(1, MORTISE_ABORTED);
  EXPECT_EQ(*ask(kInsert, {}, &refusing_again, transaction), MORTISE_ABORTED);
  ASSERT_TRUE(remote_.end(SqlAction::commit, transaction));
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(DatabaseRoundTripTest, AReadThatHasTheWordInItWaitsForNobody) {
  const auto writes = *database_->begin(Access::write, Time::max());
  Rows rows;
  ASSERT_TRUE(ask(" select 'returning'", {}, &rows));
  EXPECT_THAT(rows.all(), ElementsAre("returning"));
}

TEST_F(DatabaseRoundTripTest, WhatAWorkerHasBegunEndsWithIt) {
  const auto transaction = *remote_.begin(0);
  ASSERT_TRUE(ask("INSERT INTO item (name) VALUES ('lost')", {}, nullptr, transaction));
  calls_->end();
  add("written", 1);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("written"));
  EXPECT_FALSE(ask("SELECT 1", {}, nullptr, transaction));
}

TEST_F(DatabaseRoundTripTest, WhoWaitsForAWorkerThatEndsWaitsNoLonger) {
  const auto writes = *database_->begin(Access::write, Time::max());
  std::thread waiting([this] { EXPECT_FALSE(remote_.begin(0)); });
  std::thread running([this] {
    EXPECT_FALSE(ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"));
  });
  calls_->end();
  waiting.join();
  running.join();
}

TEST_F(DatabaseRoundTripTest, ManyThreadsLoseNothing) {
  add("sum", 0);
  constexpr int kThreads = 4;
  constexpr int kRounds = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      mortise_sql_outcome ignored{sizeof(mortise_sql_outcome), 0, 0, 0};
      for (int round = 0; round < kRounds; ++round) {
        const auto transaction = *remote_.begin(0);
        Rows rows;
        ASSERT_TRUE(remote_.run(transaction, "SELECT amount FROM item", {}, rows.table(), &ignored));
        const std::vector<mortise_sql_value> next{integer(std::stoll(rows.all().at(0)) + 1)};
        ASSERT_TRUE(remote_.run(transaction, "UPDATE item SET amount = ?", next, nullptr, &ignored));
        ASSERT_TRUE(remote_.end(SqlAction::commit, transaction));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(select("SELECT amount FROM item"), ElementsAre(std::to_string(kThreads * kRounds)));
}

TEST_F(DatabaseRoundTripTest, ARequestWhereTheWorkerMustNotWriteIsABreach) {
  say(7, {.offset = 0, .size = 100});
  wait_for_breach();
  EXPECT_THAT(end_.breach->what(), HasSubstr("where it must not write"));
}

TEST_F(DatabaseRoundTripTest, BytesThatAreNoRequestAreABreach) {
  auto& place = area_->memory().outgoing[7];
  std::memset(place.direct.data(), 0xff, place.direct.size());
  say(7, {.offset = area_->offset_of(place.direct.data()), .size = place.direct.size()});
  wait_for_breach();
  EXPECT_THAT(end_.breach->what(), HasSubstr("has no form"));
}

TEST(SqlForm, EachPartOfARequestIsNone) {
  const std::vector<mortise_sql_value> parameters{integer(1), text("two")};
  const auto bytes = to_bytes({.action = SqlAction::run}, "SELECT ?, ?", parameters);
  const auto whole = SqlRequestView::read(bytes);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->statement, "SELECT ?, ?");
  EXPECT_EQ(whole->parameters.size(), 2U);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(SqlRequestView::read(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(SqlForm, LyingRequestsAreNone) {
  const auto lies = [](auto change) {
    auto bytes = to_bytes({.action = SqlAction::run}, "SELECT 1", {});
    SqlRequest request;
    std::memcpy(&request, bytes.data(), sizeof request);
    change(request);
    std::memcpy(bytes.data(), &request, sizeof request);
    return SqlRequestView::read(bytes).has_value();
  };
  EXPECT_FALSE(lies([](SqlRequest& request) { request.statement_size = UINT64_MAX; }));
  EXPECT_FALSE(lies([](SqlRequest& request) { request.parameter_count = UINT32_MAX; }));
  EXPECT_FALSE(lies([](SqlRequest& request) { request.parameter_count = 1; }));
  EXPECT_FALSE(lies([](SqlRequest& request) { request.action = static_cast<SqlAction>(77); }));
}

}  // namespace
}  // namespace mortise::isolation
