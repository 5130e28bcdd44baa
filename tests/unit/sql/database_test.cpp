#include "sql/database.hpp"

#include <fstream>

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
