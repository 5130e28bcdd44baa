// A disk that is full: what is written fails, is not there by half, and goes on when there is room again.
#include <optional>

#include "base/largest_file.hpp"
#include "database_test_base.hpp"
#include "sql/migrations.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FullDiskTest : public DatabaseTest {
 protected:
  /// The log, into which every commit goes first, grows no more.
  void fill() { full_.emplace(std::filesystem::file_size(file().string() + "-wal")); }
  void make_room() { full_.reset(); }
  static void expect_told(const base::Error& error) {
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_EQ(error.message,
              "the disk is full: the database 'one.sqlite' has no room to grow (File too large); make room, and try "
              "again");
  }

 private:
  std::optional<testing::LargestFile> full_;
};

TEST_F(FullDiskTest, AStatementFailsAndTheNextOneGoesOn) {
  add("kept", 1);
  fill();
  for (int i = 0; i < 2; ++i) {
    const auto full = run("INSERT INTO item (name) VALUES ('lost')");
    ASSERT_FALSE(full);
    expect_told(full.error());
    EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept")) << "who reads goes on";
  }
  make_room();
  add("more", 1);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept", "more"));
}

TEST_F(FullDiskTest, ACommitFailsAndNothingOfItIsThere) {
  add("kept", 1);
  fill();
  {
    const auto transaction = *database_->begin(Database::Access::write, Time::max());
    for (const auto* statement : {"INSERT INTO item (name) VALUES ('a')", "UPDATE item SET amount = 2"}) {
      ASSERT_TRUE(transaction->run(statement, {})) << "which is still in memory";
    }
    const auto full = transaction->commit();
    ASSERT_FALSE(full);
    expect_told(full.error());
    const auto over = transaction->run("SELECT 1", {});
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error().code, ErrorCode::aborted);
  }
  EXPECT_THAT(select("SELECT name, amount FROM item"), ElementsAre("kept|1"));
  make_room();
  add("more", 1);
  database_.reset();
  database_ = *Database::open(file());
  EXPECT_THAT(select("SELECT name, amount FROM item"), ElementsAre("kept|1", "more|1"));
}

TEST_F(FullDiskTest, AMigrationFailsAndRunsWhenThereIsRoom) {
  manifest::Manifest manifest;
  manifest.name = "shop";
  manifest.version = *manifest::Version::parse("1.0.0");
  manifest.migrations = {{.number = 1, .name = "one", .sql = "CREATE TABLE a (id INTEGER)"}};
  fill();
  const auto full = migrate(*database_, manifest);
  ASSERT_FALSE(full);
  EXPECT_THAT(full.error().message, HasSubstr("the disk is full"));
  make_room();
  EXPECT_THAT(select("SELECT name FROM sqlite_schema WHERE type = 'table'"), ElementsAre("item"));
  EXPECT_EQ(migrate(*database_, manifest).value().count, 1U);
}

}  // namespace
}  // namespace mortise::sql
