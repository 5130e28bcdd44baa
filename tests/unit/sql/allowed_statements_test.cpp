// What a plugin's statements may not do, whatever they look like.
#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RefusedTest : public DatabaseTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(RefusedTest, IsRefusedAndChangesNothing) {
  add("left", 1);
  EXPECT_EQ(refusal(GetParam()), ErrorCode::permission_denied) << GetParam();
  EXPECT_THAT(select("SELECT name FROM item"), ElementsAre("left"));
}

INSTANTIATE_TEST_SUITE_P(
    Statements, RefusedTest,
    ::testing::Values("ATTACH '/tmp/other.sqlite' AS other", "ATTACH ':memory:' AS other", "DETACH main", "BEGIN",
                      "COMMIT", "ROLLBACK", "SAVEPOINT here", "PRAGMA journal_mode=DELETE", "PRAGMA foreign_keys=OFF",
                      "PRAGMA user_version=7", "PRAGMA writable_schema=ON", "PRAGMA trusted_schema=ON",
                      "PRAGMA synchronous=OFF", "PRAGMA temp_store_directory='/tmp'", "CREATE TABLE other (id)",
                      "DROP TABLE item", "ALTER TABLE item ADD COLUMN more", "CREATE INDEX one ON item (amount)",
                      "CREATE TRIGGER t AFTER INSERT ON item BEGIN DELETE FROM item; END", "CREATE VIEW v AS SELECT 1",
                      "CREATE TEMP TABLE item (id)", "CREATE TABLE temp.other (id)",
                      "CREATE TEMP VIEW mortise_migrations AS SELECT 1",
                      "CREATE TEMP TRIGGER t AFTER INSERT ON item BEGIN SELECT 1; END"));

TEST_F(DatabaseTest, LoadsNoExtensionsAndLeavesItsSchemaAlone) {
  for (const auto* statement :
       {"SELECT load_extension('/tmp/evil.so')", "UPDATE sqlite_schema SET sql = ''", "DELETE FROM sqlite_schema"}) {
    EXPECT_FALSE(run(statement)) << statement;
  }
  EXPECT_THAT(select("SELECT name FROM item"), IsEmpty()) << "it is still there";
}

/// With a table of the host's.
class RefusedTablesTest : public DatabaseTest {
 protected:
  void SetUp() override {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    ASSERT_TRUE(transaction->connection().ask("CREATE TABLE mortise_secret (id)"));
    ASSERT_TRUE(transaction->commit());
  }
};

TEST_F(RefusedTablesTest, AreTheHostsOwn) {
  for (const auto* statement : {"SELECT id FROM mortise_secret", "DELETE FROM Mortise_Secret",
                                "INSERT INTO mortise_secret VALUES (1)", "UPDATE mortise_secret SET id = 1"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  EXPECT_FALSE(transaction->connection().run_script("DROP TABLE mortise_secret", Author::migration));
  EXPECT_FALSE(transaction->connection().run_script("ALTER TABLE mortise_secret RENAME TO mine", Author::migration));
  EXPECT_FALSE(transaction->connection().run_script("CREATE TABLE mortise_more (id)", Author::migration));
}

/// SQLite tells who asks by the innermost name, which a plugin may choose.
TEST_F(RefusedTablesTest, AreTheHostsOwnWhateverAsksIsCalled) {
  for (const auto* statement :
       {"WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x",
        "WITH mortise_x AS (SELECT * FROM mortise_secret) SELECT * FROM mortise_x",
        "WITH mortise_x AS MATERIALIZED (SELECT count(*) FROM mortise_secret) SELECT * FROM mortise_x",
        "WITH mortise_inbox_sweep AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_inbox_sweep",
        "WITH a AS (WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x) SELECT id FROM a",
        "WITH RECURSIVE mortise_x(a) AS (SELECT 1 UNION SELECT id FROM mortise_secret, mortise_x) SELECT a FROM "
        "mortise_x",
        "SELECT (WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x)",
        "SELECT id FROM (SELECT id FROM mortise_secret) AS mortise_x",
        "WITH mortise_x AS (SELECT id FROM mortise_secret) INSERT INTO item (name) SELECT id FROM mortise_x",
        "WITH mortise_x AS (SELECT 1) DELETE FROM mortise_secret WHERE id IN (SELECT * FROM mortise_x)"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
  EXPECT_FALSE(
      run("INSERT INTO item (name) VALUES ('a') "
          "RETURNING (WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x)"));
}

TEST_F(RefusedTablesTest, AreTheHostsOwnToViewsAndTriggersAndIndexesOfTexts) {
  const auto make = [this](const char* statement) {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    const auto made = transaction->connection().run_script(statement, Author::migration);
    return made && transaction->commit();
  };
  EXPECT_FALSE(make("CREATE VIEW mortise_x AS SELECT id FROM mortise_secret"));
  EXPECT_FALSE(make("CREATE TRIGGER mortise_inbox_sweep AFTER INSERT ON item BEGIN DELETE FROM item; END"));
  ASSERT_TRUE(make("CREATE VIEW plain AS SELECT id FROM mortise_secret"));
  ASSERT_TRUE(make("CREATE VIEW v AS WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x"));
  ASSERT_TRUE(make("CREATE TABLE other (id)"));
  ASSERT_TRUE(
      make("CREATE TRIGGER t AFTER INSERT ON other BEGIN INSERT INTO item (name) "
           "SELECT id FROM (WITH mortise_x AS (SELECT id FROM mortise_secret) SELECT id FROM mortise_x); END"));
  ASSERT_TRUE(make("CREATE VIRTUAL TABLE found USING fts5(id, content='mortise_secret', content_rowid='id')"));
  for (const auto* statement :
       {"SELECT id FROM plain", "SELECT id FROM v", "WITH mortise_x AS (SELECT id FROM v) SELECT id FROM mortise_x",
        "INSERT INTO other VALUES (1)"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
  EXPECT_FALSE(run("SELECT id FROM found"));
  EXPECT_FALSE(run("INSERT INTO found (found) VALUES ('rebuild')"));
}

TEST_F(DatabaseTest, VacuumWritesNoOtherFile) {
  const auto other = directory_.path() / "other.sqlite";
  EXPECT_FALSE(run("VACUUM INTO '" + other.string() + "'"));
  EXPECT_FALSE(run("VACUUM"));
  EXPECT_FALSE(std::filesystem::exists(other));
}

TEST_F(DatabaseTest, AMigrationMakesNothingTemporaryEither) {
  auto transaction = *database_->begin(Database::Access::write, Time::max());
  for (const auto* statement : {"CREATE TEMP TABLE other (id)", "CREATE TEMP VIEW mortise_migrations AS SELECT 1",
                                "CREATE VIRTUAL TABLE temp.item USING fts5(body)"}) {
    EXPECT_FALSE(transaction->connection().run_script(statement, Author::migration)) << statement;
  }
}

TEST_F(DatabaseTest, SearchesTextsOnEveryConnection) {
  {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    const auto made =
        transaction->connection().run_script("CREATE VIRTUAL TABLE page USING fts5(body)", Author::migration);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(transaction->commit());
  }
  ASSERT_TRUE(run("INSERT INTO page (body) VALUES ('bread and butter'), ('milk')"));
  auto snapshot = *database_->begin(Database::Access::read, Time::max());
  EXPECT_THAT(select("SELECT body FROM page WHERE page MATCH 'butter'"), ElementsAre("bread and butter"))
      << "on a second connection, for the snapshot has the first";
  EXPECT_FALSE(run("DELETE FROM page_content")) << "what lies behind it is SQLite's";
}

TEST_F(DatabaseTest, AnIndexOfTextsIsKeptByTriggers) {
  {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    const auto made = transaction->connection().run_script(
        "CREATE VIRTUAL TABLE found USING fts5(name, content='item', content_rowid='id'); "
        "CREATE TRIGGER added AFTER INSERT ON item BEGIN "
        "INSERT INTO found (rowid, name) VALUES (new.id, new.name); END",
        Author::migration);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(transaction->commit());
  }
  add("bread and butter", 1);
  EXPECT_THAT(select("SELECT name FROM found WHERE found MATCH 'butter'"), ElementsAre("bread and butter"));
}

TEST_F(DatabaseTest, TellsNobodyWhereItsCodeLies) {
  EXPECT_FALSE(run("SELECT fts3_tokenizer('simple')"));
  EXPECT_FALSE(run("SELECT fts3_tokenizer(?, ?)", {text("evil"), text("12345678")}));
  for (const std::string function : {"length(fts3_tokenizer('simple'))", "load_extension('/tmp/evil.so')"}) {
    const auto refused = run("WITH mortise_x(a) AS MATERIALIZED (SELECT " + function + ") SELECT a FROM mortise_x");
    ASSERT_FALSE(refused) << function;
    EXPECT_THAT(refused.error().message, HasSubstr("not authorized to use function")) << function;
  }
}

TEST_F(DatabaseTest, MayAskForWhatItHas) {
  EXPECT_THAT(select("SELECT name FROM pragma_table_info('item')"), ElementsAre("id", "name", "amount"));
  EXPECT_THAT(select("PRAGMA index_list(item)"), ElementsAre("0|sqlite_autoindex_item_1|1|u|0"));
  EXPECT_THAT(select("PRAGMA foreign_keys"), ElementsAre("1"));
  EXPECT_THAT(select("SELECT name FROM sqlite_schema WHERE type = 'table'"), ElementsAre("item"));
}

TEST_F(DatabaseTest, TakesWhatIsBoundForAValueWhateverItSays) {
  const std::string name = "x'); DROP TABLE item; --";
  add(name, 1);
  EXPECT_THAT(select("SELECT amount FROM item WHERE name = ?", {text(name)}), ElementsAre("1"));
  EXPECT_THAT(select("SELECT amount FROM item WHERE name = ?", {text("' OR 1=1 --")}), IsEmpty());
}

}  // namespace
}  // namespace mortise::sql
