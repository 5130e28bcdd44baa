// Backups and what is done with them.
#include "sql/maintenance.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MaintenanceTest : public DatabaseTest {
 protected:
  void back_up_to(const fs::path& target) const {
    const auto written = back_up(file(), target);
    ASSERT_TRUE(written) << written.error().message;
  }
  fs::path restore_from(const fs::path& source) const {
    const auto aside = restore(file(), source);
    EXPECT_TRUE(aside) << aside.error().message;
    return aside ? *aside : fs::path();
  }
  void reopen() { database_ = *Database::open(file()); }
  /// Everything in the folder that no test has asked for.
  [[nodiscard]] std::vector<std::string> drafts() const {
    std::vector<std::string> found;
    for (const auto& one : fs::directory_iterator(directory_.path())) {
      if (one.path().extension() == ".part") found.push_back(one.path().filename());
    }
    return found;
  }

  const fs::path backup_ = directory_.path() / "backup";
};

TEST_F(MaintenanceTest, ACopyHasWhatWasWrittenAndNoMore) {
  add("before", 1);
  back_up_to(backup_);
  add("after", 1);
  database_.reset();
  const auto aside = restore_from(backup_);
  reopen();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("before"));
  database_ = *Database::open(aside);
  EXPECT_THAT(select("SELECT name FROM item ORDER BY name"), ElementsAre("after", "before")) << "nothing is lost";
  EXPECT_THAT(drafts(), IsEmpty());
}

TEST_F(MaintenanceTest, ACopyIsItsOwnersAlone) {
  back_up_to(backup_);
  struct stat status {};
  ASSERT_EQ(::stat(backup_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(MaintenanceTest, ACopyOfOneThatIsWrittenToIsWhole) {
  std::atomic<bool> ends = false;
  std::thread writer([&] {
    for (int i = 0; !ends; ++i) {
      auto transaction = *database_->begin(Database::Access::write, Time::max());
      const std::vector<mortise_sql_value> pair{integer(2 * i), integer(2 * i + 1)};
      ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES (?)", {.parameters = Parameters(pair).first(1)}));
      ASSERT_TRUE(transaction->run("INSERT INTO item (name) VALUES (?)", {.parameters = Parameters(pair).last(1)}));
      ASSERT_TRUE(transaction->commit());
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto target = directory_.path() / ("backup-" + std::to_string(i));
    back_up_to(target);
    auto copy = *Database::open(target);
    Rows rows;
    ASSERT_TRUE(copy->run("SELECT count(*) % 2 FROM item", {.rows = rows.table()}));
    EXPECT_THAT(rows.all(), ElementsAre("0")) << "half a transaction";
  }
  ends = true;
  writer.join();
}

TEST_F(MaintenanceTest, OverwritesNoFile) {
  std::ofstream(backup_) << "mine";
  const auto refused = back_up(file(), backup_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
  std::string kept;
  std::ifstream(backup_) >> kept;
  EXPECT_EQ(kept, "mine");
}

TEST_F(MaintenanceTest, SaysWhereACopyCannotGo) {
  const auto nowhere = directory_.path() / "nowhere" / "backup";
  const auto refused = back_up(file(), nowhere);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(nowhere.string()));
}

TEST_F(MaintenanceTest, OneThatIsOpenIsNotReplaced) {
  back_up_to(backup_);
  add("kept", 1);
  const auto refused = restore(file(), backup_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::failed_precondition);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(MaintenanceTest, WhatIsNoWholeDatabaseReplacesNone) {
  database_.reset();
  std::ofstream(backup_) << std::string(8192, 'x');
  const auto refused = restore(file(), backup_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr(backup_.string()), HasSubstr("is damaged")));
  const auto missing = restore(file(), directory_.path() / "missing");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("missing"));
  reopen();
  EXPECT_THAT(select("SELECT name FROM item"), IsEmpty());
}

TEST_F(MaintenanceTest, AnEmptyFileReplacesNoDatabase) {
  add("kept", 1);
  database_.reset();
  std::ofstream(backup_).flush();
  const auto refused = restore(file(), backup_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("it is empty"));
  reopen();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(MaintenanceTest, OneThatIsDamagedIsReplacedAndKept) {
  add("kept", 1);
  back_up_to(backup_);
  database_.reset();
  std::ofstream(file(), std::ios::trunc) << std::string(8192, 'x');
  const auto aside = restore_from(backup_);
  EXPECT_EQ(fs::file_size(aside), 8192U);
  reopen();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("kept"));
}

TEST_F(MaintenanceTest, ALogThatACrashHasLeftGoesWithItsDatabase) {
  add("backed up", 1);
  back_up_to(backup_);
  add("in the log", 1);
  const auto crashed = directory_.path() / "crashed.sqlite";
  fs::copy_file(file(), crashed);
  fs::copy_file(file().string() + "-wal", crashed.string() + "-wal");
  const auto aside = restore(crashed, backup_);
  ASSERT_TRUE(aside) << aside.error().message;
  database_ = *Database::open(crashed);
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("backed up"));
  database_ = *Database::open(*aside);
  EXPECT_THAT(select("SELECT name FROM item ORDER BY name"), ElementsAre("backed up", "in the log"));
}

TEST_F(MaintenanceTest, ACheckFindsWhatIsDamaged) {
  add("fine", 1);
  EXPECT_THAT(*check(file()), IsEmpty());
  sqlite3* other = nullptr;
  ASSERT_EQ(::sqlite3_open(file().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(::sqlite3_exec(other, "CREATE TABLE part (item REFERENCES item (id)); INSERT INTO part VALUES (77)",
                           nullptr, nullptr, nullptr),
            SQLITE_OK);
  ::sqlite3_close(other);
  EXPECT_THAT(*check(file()), ElementsAre("row 1 of table 'part' refers to a row of 'item' that is not there"));
  const auto broken = directory_.path() / "broken.sqlite";
  std::ofstream(broken) << std::string(8192, 'x');
  EXPECT_THAT(*check(broken), ElementsAre(HasSubstr("not a database")));
  EXPECT_FALSE(check(directory_.path() / "missing"));
}

}  // namespace
}  // namespace mortise::sql
