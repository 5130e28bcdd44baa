// Values under keys, their versions, and transactions.
#include "kv/store.hpp"

#include <thread>

#include "kv_test_base.hpp"

namespace mortise::kv {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;

const std::string kOdd("\0'\"%_\xff", 6);  // what statements, patterns or UTF-8 would stumble over

TEST_F(KvTest, GivesBackWhatWasPutUnderEachKey) {
  EXPECT_EQ(kv().get("a"), std::nullopt);
  kv().put("a", "1");
  kv().put("b", "");
  kv().put(kOdd, kOdd);
  EXPECT_THAT(kv().get("a"), Optional(std::string("1")));
  EXPECT_THAT(kv().get("b"), Optional(std::string()));
  EXPECT_THAT(kv().get(kOdd), Optional(kOdd));
  kv().put("a", "2");
  EXPECT_THAT(kv().get("a"), Optional(std::string("2")));
  EXPECT_EQ(row_count(), 3);
}

TEST_F(KvTest, KeysAreNeverPartOfAStatement) {
  const std::string evil = "x'); DROP TABLE mortise_kv; --";
  kv().put(evil, evil);
  EXPECT_THAT(kv().get(evil), Optional(evil));
  EXPECT_EQ(kv().get("' OR 1=1 --"), std::nullopt);
  EXPECT_TRUE(kv().remove(evil));
}

TEST_F(KvTest, RemovesOneKey) {
  kv().put("a", "1");
  kv().put("b", "2");
  EXPECT_TRUE(kv().remove("a"));
  EXPECT_FALSE(kv().remove("a"));
  EXPECT_THAT(keys(""), ElementsAre("b"));
}

TEST_F(KvTest, EachValueHasAVersionThatNeverComesAgain) {
  const auto first = kv().put("a", "1");
  const auto second = kv().put("a", "1");
  EXPECT_GT(first, 0);
  EXPECT_GT(second, first) << "the same value is another one";
  EXPECT_EQ(kv().get_entry("a")->version, second);
  ASSERT_TRUE(kv().remove("a"));
  database_ = *sql::Database::open(file());
  const auto third = kv().put("a", "1");
  EXPECT_GT(third, second) << "though the table was empty";
  EXPECT_EQ(kv().compare_and_set("a", second, "2"), std::nullopt);
  EXPECT_THAT(kv().get("a"), Optional(std::string("1")));
}

TEST_F(KvTest, ComparesBeforeItSets) {
  EXPECT_EQ(kv().compare_and_set("a", 7, "1"), std::nullopt) << "it is not there";
  const auto first = kv().compare_and_set("a", 0, "1");
  ASSERT_TRUE(first);
  EXPECT_EQ(kv().compare_and_set("a", 0, "2"), std::nullopt) << "it is there";
  const auto second = kv().compare_and_set("a", *first, "2");
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(kv().compare_and_set("a", *first, "3"), std::nullopt) << "it has changed since";
  EXPECT_EQ(kv().compare_and_set("b", *second, "3"), std::nullopt) << "that is another key's";
  EXPECT_THAT(kv().get("a"), Optional(std::string("2")));
  EXPECT_EQ(kv().get("b"), std::nullopt);
}

TEST_F(KvTest, ComparesBeforeItRemoves) {
  const auto version = kv().put("a", "1");
  EXPECT_FALSE(kv().compare_and_remove("a", version + 1));
  EXPECT_FALSE(kv().compare_and_remove("b", version));
  EXPECT_THAT(kv().get("a"), Optional(std::string("1")));
  EXPECT_TRUE(kv().compare_and_remove("a", version));
  EXPECT_EQ(kv().get("a"), std::nullopt);
  EXPECT_EQ(refusal_of([&] { static_cast<void>(kv().compare_and_remove("a", 0)); }), Status::invalid_argument);
}

TEST_F(KvTest, ThreadsThatCompareAndSetLoseNoStep) {
  constexpr int kThreads = 4;
  constexpr int kSteps = 50;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([this] {
      for (int step = 0; step < kSteps;) {
        const auto found = kv().get_entry("count");
        const auto next = std::to_string(found ? std::stoi(found->value) + 1 : 1);
        if (kv().compare_and_set("count", found ? found->version : 0, next)) ++step;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_THAT(kv().get("count"), Optional(std::to_string(kThreads * kSteps)));
}

TEST_F(KvTest, KeepsJson) {
  const nlohmann::json value{{"items", {1, 2}}};
  kv().put_json("a", value);
  EXPECT_EQ(kv().get_json("a"), value);
  EXPECT_EQ(kv().get_json("b"), std::nullopt);
  kv().put("c", "{");
  EXPECT_EQ(refusal_of([&] { static_cast<void>(kv().get_json("c")); }), Status::internal);
}

nlohmann::json nested(std::size_t levels) {
  nlohmann::json value;
  for (std::size_t i = 0; i < levels; ++i)
    value = i % 2 == 0 ? nlohmann::json::array({value}) : nlohmann::json{{"a", value}};
  return value;
}

TEST_F(KvTest, JsonIsNestedNoDeeperThanItIsReadAgain) {
  kv().put_json("a", nested(256));
  EXPECT_EQ(kv().get_json("a"), nested(256));
  EXPECT_EQ(refusal_of([&] { kv().put_json("b", nested(257)); }), Status::invalid_argument);
  EXPECT_EQ(kv().get("b"), std::nullopt);
  kv().put("c", std::string(257, '[') + std::string(257, ']'));
  EXPECT_EQ(refusal_of([&] { static_cast<void>(kv().get_json("c")); }), Status::internal);
}

TEST_F(KvTest, JsonWhoseTextsAreNotUtf8IsRefusedByItsKey) {
  try {
    kv().put_json("name/7", {{"name", "\xff"}});
    FAIL() << "it is not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), Status::invalid_argument);
    EXPECT_THAT(std::string(error.what()), AllOf(HasSubstr("'name/7'"), HasSubstr("UTF-8")));
  }
  EXPECT_EQ(kv().get("name/7"), std::nullopt);
}

TEST_F(KvTest, ATransactionHasStatementsAndKeysTogether) {
  sql().transaction([&](SqlTransaction& tx) {
    tx.execute("INSERT INTO item (name) VALUES ('kept')");
    kv().in(tx).put("kept", "1");
    EXPECT_THAT(kv().in(tx).get("kept"), Optional(std::string("1")));
    std::thread([this] { EXPECT_EQ(kv().get("kept"), std::nullopt) << "not before it is committed"; }).join();
  });
  const auto version = kv().get_entry("kept")->version;
  const auto fails = [&](SqlTransaction& tx) {
    tx.execute("INSERT INTO item (name) VALUES ('lost')");
    kv().in(tx).put("lost", "1");
    EXPECT_TRUE(kv().in(tx).compare_and_set("kept", version, "2"));
    throw Error(Status::not_found, "half way");
  };
  EXPECT_EQ(refusal_of([&] { sql().transaction(fails); }), Status::not_found);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
  EXPECT_THAT(keys(""), ElementsAre("kept"));
  EXPECT_EQ(kv().get_entry("kept")->version, version);
}

TEST_F(KvTest, OnlyAVersionThatWasNotCommittedMayComeAgain) {
  const auto committed = kv().put("a", "1");
  std::int64_t lost = 0;
  const auto fails = [&](SqlTransaction& tx) {
    lost = kv().in(tx).put("a", "2");
    EXPECT_TRUE(kv().in(tx).remove("a"));
    throw Error(Status::not_found, "half way");
  };
  EXPECT_EQ(refusal_of([&] { sql().transaction(fails); }), Status::not_found);
  EXPECT_GT(lost, committed);
  EXPECT_EQ(kv().get_entry("a")->version, committed) << "it has its version again";
  std::int64_t next = 0;
  sql().transaction([&](SqlTransaction& tx) {
    next = kv().in(tx).put("a", "3");
    EXPECT_TRUE(kv().in(tx).remove("a"));
  });
  EXPECT_EQ(next, lost) << "nobody has seen the other one";
  EXPECT_GT(kv().put("a", "4"), next) << "which was committed, though its value was never there";
}

TEST_F(KvTest, WhatDoesNotCompareLeavesTheRestOfItsTransaction) {
  sql().transaction([&](SqlTransaction& tx) {
    kv().in(tx).put("a", "1");
    EXPECT_EQ(kv().in(tx).compare_and_set("a", 0, "2"), std::nullopt);
    EXPECT_FALSE(kv().in(tx).remove("b"));
    kv().in(tx).put("b", "1");
  });
  EXPECT_THAT(keys(""), ElementsAre("a", "b"));
}

TEST_F(KvTest, ASnapshotIsReadAsItWasAndNotWrittenTo) {
  kv().put("a", "1");
  sql().snapshot([&](SqlTransaction& tx) {
    EXPECT_THAT(kv().in(tx).get("a"), Optional(std::string("1")));
    std::thread([this] { kv().put("a", "2"); }).join();
    EXPECT_THAT(kv().in(tx).get("a"), Optional(std::string("1")));
    EXPECT_EQ(refusal_of([&] { kv().in(tx).put("a", "3"); }), Status::failed_precondition);
  });
  EXPECT_THAT(kv().get("a"), Optional(std::string("2")));
}

TEST_F(KvTest, ATransactionThatIsOverIsNotTakenForAnotherVersion) {
  const auto version = kv().put("a", "1");
  auto transaction = *database_->begin(sql::Database::Access::write, sql::Time::max());
  ASSERT_TRUE(transaction->connection().ask("ROLLBACK"));  // as SQLite does by itself where a disk is full
  const mortise_kv_terms terms{sizeof terms, MORTISE_KV_IF_VERSION, version, 0};
  std::int64_t untouched = 77;
  const auto bytes = detail::borrow_bytes("a");
  EXPECT_EQ(table_.put(handle(), reinterpret_cast<mortise_sql_transaction*>(transaction.get()), bytes, bytes, &terms,
                       &untouched, nullptr),
            MORTISE_ABORTED);
  EXPECT_EQ(untouched, 77);
}

}  // namespace
}  // namespace mortise::kv
