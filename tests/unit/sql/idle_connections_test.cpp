// What a database keeps in memory while nobody uses it.
#include <sqlite3.h>

#include "base/files.hpp"
#include "database_test_base.hpp"
#include "sql/sql.hpp"

namespace mortise::sql {
namespace {

using namespace std::chrono_literals;

class IdleConnectionsTest : public DatabaseTest {
 protected:
  /// With more rows than one cache holds.
  IdleConnectionsTest() {
    EXPECT_TRUE(
        run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) "
            "INSERT INTO item (name, amount) SELECT hex(randomblob(500)), i FROM n"));
  }
  /// Reads all rows on so many connections at the same time; returns the bytes that SQLite had meanwhile.
  std::int64_t read_all(int connections) {
    std::vector<std::unique_ptr<Database::Transaction>> reading;
    for (int i = 0; i < connections; ++i) {
      reading.push_back(*database_->begin(Database::Access::read, Time::max()));
      EXPECT_TRUE(reading.back()->run("SELECT sum(length(name)) FROM item", {}));
    }
    return ::sqlite3_memory_used();
  }
};

TEST_F(IdleConnectionsTest, ABusyMomentLeavesFewCachesBehind) {
  constexpr std::int64_t kCache = 2'000'000;
  const auto with_one = read_all(1);
  EXPECT_GT(read_all(12), with_one + 11 * kCache);
  EXPECT_LT(::sqlite3_memory_used(), with_one + 5 * kCache);
}

TEST_F(IdleConnectionsTest, WhatWorksAllTheWhileKeepsItsCache) {
  read_all(12);
  const auto busy = read_all(4);
  EXPECT_GT(::sqlite3_memory_used(), busy - 100'000);
  EXPECT_LT(read_all(4), busy + 100'000) << "the same four";
}

TEST_F(IdleConnectionsTest, AllCachesTogetherTakeHalfOfWhatStatementsMayTake) {
  base::RealFiles files;
  const Sql sql(directory_.path(), files, 1s);
  EXPECT_EQ(::sqlite3_soft_heap_limit64(-1) * 2, ::sqlite3_hard_heap_limit64(-1));
}

}  // namespace
}  // namespace mortise::sql
