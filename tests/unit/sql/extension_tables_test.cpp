// The host's tables in a plugin's database: who gets them, and what the plugin's migrations leave of them.
#include "migrations_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using manifest::Manifest;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ExtensionTablesTest : public MigrationsTest {
 protected:
  static Manifest with_store(Manifest manifest) {
    manifest.interfaces = {"mortise.kv/1"};
    return manifest;
  }
  /// One of the host's own statements.
  void tell(const char* statement) {
    auto transaction = *database_->begin(Database::Access::write, Time::max());
    ASSERT_TRUE(transaction->connection().ask(statement));
    ASSERT_TRUE(transaction->commit());
  }
  std::vector<std::string> names() {
    return select("SELECT name FROM sqlite_schema WHERE name LIKE 'mortise\\_kv%' ESCAPE '\\' ORDER BY name");
  }
  const std::string read_ = "CREATE VIEW seen AS SELECT version FROM mortise_kv";
};

TEST_F(ExtensionTablesTest, AreMadeForWhoNamesTheirInterface) {
  expect_done(version("1.0.0", {one_}));
  EXPECT_THAT(names(), IsEmpty());
  const auto done = migrate(*database_, with_store(version("1.1.0", {one_})));
  ASSERT_TRUE(done);
  EXPECT_EQ(done->count, 0U) << "of its migrations none was left to run";
  EXPECT_THAT(names(), ElementsAre("mortise_kv", "mortise_kv_expires_at", "mortise_kv_sweep"));
  expect_done(with_store(version("1.1.0", {one_, two_})));
  expect_done(version("1.0.0", {one_, two_}));
}

TEST_F(ExtensionTablesTest, AnInboxIsMadeForEverySubscriberThatHasADatabase) {
  const auto has_inbox = [this] {
    return !select("SELECT name FROM sqlite_schema WHERE name = 'mortise_inbox'").empty();
  };
  const auto listening = [](Manifest manifest) {
    manifest.provides = {{.contract = "a/1", .name = "shop", .rank = 0, .is_topic = true}};
    return manifest;
  };
  auto jobs = version("1.0.0", {});
  jobs.durable_tasks = {"send"};
  auto publishes = version("1.0.0", {});
  publishes.publishes = {{.topic = "b/1", .is_durable = true}};
  auto names_sql = version("1.0.0", {});
  names_sql.interfaces = {"mortise.sql/1"};
  for (const auto& manifest :
       {with_store(version("1.0.0", {})), jobs, publishes, names_sql, version("1.0.0", {one_})}) {
    expect_done(manifest);
    EXPECT_FALSE(has_inbox()) << "it hears of nothing";
    expect_done(listening(manifest));
    EXPECT_TRUE(has_inbox());
    EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low) VALUES (1, 2)"));
    tell("DROP TABLE mortise_inbox");
    tell("DELETE FROM mortise_extensions WHERE name = 'mortise_inbox'");
  }
}

TEST_F(ExtensionTablesTest, AreThereBeforeThePluginsMigrationsRun) {
  expect_done(with_store(
      version("1.0.0", {step(1, "INSERT INTO mortise_kv (key, value) VALUES (x'61', x'62')"), step(2, read_)})));
  EXPECT_THAT(select("SELECT version FROM seen"), ElementsAre("1"));
}

TEST_F(ExtensionTablesTest, AreNotThereWhenAMigrationFails) {
  static_cast<void>(failure(with_store(version("1.0.0", {step(1, "SELEKT 1")}))));
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(ExtensionTablesTest, OthersGetTheirNamesNeither) {
  EXPECT_THAT(failure(version("1.0.0", {step(1, "CREATE TABLE a (id); ALTER TABLE a RENAME TO mortise_kv")})),
              HasSubstr("the table 'mortise_kv' has a name that begins with"));
  EXPECT_THAT(
      failure(with_store(version("1.0.0", {step(1, "CREATE TABLE a (id); ALTER TABLE a RENAME TO mortise_kv_sweep")}))),
      HasSubstr("the table 'mortise_kv_sweep' has a name that begins with"))
      << "though there is a trigger of that name";
}

TEST_F(ExtensionTablesTest, AreMissedByAMigrationWhoseManifestDoesNotNameTheInterfaceAnyMore) {
  EXPECT_THAT(failure(version("1.1.0", {step(1, read_), step(2, "SELECT version FROM seen")})),
              HasSubstr("no such table: main.mortise_kv"));
  expect_done(with_store(version("1.1.0", {step(1, read_), step(2, "SELECT version FROM seen")})));
}

TEST_F(ExtensionTablesTest, ThatAreMissedSayWhatTheManifestLacks) {
  const auto missed = [this](const char* statement) {
    const auto failed = run(statement);
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::failed_precondition);
    return failed.error().message;
  };
  EXPECT_EQ(missed("INSERT INTO mortise_tasks (handler, payload) VALUES ('send', x'')"),
            "no such table: mortise_tasks; the host makes it where the manifest names the handler in "
            "\"durable_tasks\"");
  EXPECT_THAT(missed("SELECT seq FROM main.Mortise_Inbox"), HasSubstr("the topic in \"subscribes\""));
  EXPECT_THAT(missed("SELECT key FROM mortise_kv"), HasSubstr("\"mortise.kv/1\" in \"interfaces\""));
  EXPECT_THAT(missed("INSERT INTO mortise_outbox (id) VALUES (1)"), HasSubstr("\"durable\": true"));
  EXPECT_EQ(run("SELECT 1 FROM other").error().message, "no such table: other");
}

TEST_F(ExtensionTablesTest, AreRefusedWhereANewerHostHasHadThem) {
  const auto store = with_store(version("1.0.0", {}));
  expect_done(store);
  tell("UPDATE mortise_extensions SET version = 7");
  EXPECT_THAT(failure(store),
              AllOf(HasSubstr("'mortise_kv' in the database of 'shop' has version 7"), HasSubstr("knows none after 1"),
                    HasSubstr("run that host or a later one"), HasSubstr("`mortise db shop restore FILE`")));
  expect_done(version("1.0.0", {}));
  EXPECT_EQ(refusal("UPDATE mortise_extensions SET version = 1"), ErrorCode::permission_denied);
}

TEST_F(ExtensionTablesTest, ThatCannotBeMadeAreToldOfWithTheirPlugin) {
  tell("CREATE TABLE mortise_kv (id)");
  EXPECT_THAT(failure(with_store(version("1.0.0", {one_}))),
              AllOf(HasSubstr("'mortise_kv' in the database of 'shop' cannot be brought from version 0 to 1"),
                    HasSubstr("already exists"), HasSubstr("as it was before"), HasSubstr("`mortise db shop shell`")));
  EXPECT_THAT(tables(), ElementsAre("item"));
}

TEST_F(ExtensionTablesTest, StayAsTheHostHasMadeThem) {
  for (const auto* sql :
       {"DROP TABLE mortise_kv", "ALTER TABLE mortise_kv RENAME TO mine", "ALTER TABLE mortise_kv ADD COLUMN more",
        "DROP INDEX mortise_kv_expires_at", "DROP TRIGGER mortise_kv_sweep", "CREATE INDEX mine ON mortise_kv (value)",
        "CREATE TRIGGER mine AFTER INSERT ON mortise_kv BEGIN SELECT 1; END"}) {
    const auto done = migrate(*database_, with_store(version("1.0.0", {step(1, sql)})));
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, ErrorCode::permission_denied) << sql;
  }
}

TEST_F(ExtensionTablesTest, TheirRowsArePlainRowsToStatements) {
  expect_done(with_store(version("1.0.0", {})));
  ASSERT_TRUE(run("INSERT INTO mortise_kv (key, value) VALUES (x'61', x'62')"));
  ASSERT_TRUE(run("UPDATE Mortise_KV SET expires_at = 1"));
  EXPECT_THAT(select("SELECT version, expires_at FROM mortise_kv"), ElementsAre("1|1"));
  ASSERT_TRUE(run("DELETE FROM mortise_kv"));
  EXPECT_EQ(refusal("DROP TABLE mortise_kv"), ErrorCode::permission_denied);
}

/// With a store in which three versions were given, and with nothing that has one of them.
class NumbersTest : public ExtensionTablesTest {
 protected:
  NumbersTest() {
    expect_done(with_store(version("1.0.0", {counted_})));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(put());
    EXPECT_TRUE(run("DELETE FROM mortise_kv"));
    EXPECT_TRUE(run("INSERT INTO counted (name) VALUES ('one')"));
  }
  base::Result<mortise_status> put() { return run("REPLACE INTO mortise_kv (key, value) VALUES (x'61', x'')"); }
  /// After a migration that has done this.
  base::Result<Migrated> after(const std::string& sql) {
    return migrate(*database_, with_store(version("1.1.0", {counted_, step(2, sql)})));
  }
  const manifest::Migration counted_ =
      step(1, "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)");
};

TEST_F(NumbersTest, AreNotThePluginsToWrite) {
  for (const auto* statement :
       {"DELETE FROM sqlite_sequence", "DELETE FROM SQLite_Sequence WHERE name = 'mortise_kv'",
        "UPDATE sqlite_sequence SET seq = 0", "INSERT INTO sqlite_sequence VALUES ('mortise_kv', 0)",
        "REPLACE INTO sqlite_sequence (rowid, name, seq) VALUES (1, 'mortise_kv', 0)"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
  EXPECT_THAT(select("SELECT name, seq FROM sqlite_sequence ORDER BY name"), ElementsAre("counted|1", "mortise_kv|3"));
  ASSERT_TRUE(put());
  EXPECT_EQ(outcome_.last_row_id, 4);
}

TEST_F(NumbersTest, AreNotWrittenByThePluginsTriggersEither) {
  ASSERT_TRUE(after("CREATE TRIGGER mine AFTER INSERT ON counted BEGIN DELETE FROM sqlite_sequence; END"));
  EXPECT_EQ(refusal("INSERT INTO counted (name) VALUES ('two')"), ErrorCode::permission_denied);
}

TEST_F(NumbersTest, AreNotLoweredByMigrations) {
  for (const auto* sql : {"DELETE FROM sqlite_sequence", "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'mortise_kv'",
                          "UPDATE sqlite_sequence SET seq = NULL WHERE name = 'mortise_kv'",
                          "UPDATE sqlite_sequence SET seq = 'many' WHERE name = 'mortise_kv'",
                          "UPDATE sqlite_sequence SET name = 'other' WHERE name = 'mortise_kv'",
                          "UPDATE sqlite_sequence SET name = 'mortise_kv' WHERE name = 'counted'",
                          "INSERT INTO sqlite_sequence VALUES ('mortise_kv', 1)"}) {
    const auto done = after(sql);
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, ErrorCode::failed_precondition) << sql;
    EXPECT_THAT(done.error().message, HasSubstr("the number of 'mortise_kv' in sqlite_sequence is lower")) << sql;
  }
  ASSERT_TRUE(put());
  EXPECT_EQ(outcome_.last_row_id, 4);
}

TEST_F(NumbersTest, OfItsOwnTablesAreThePluginsMigrations) {
  const auto done = after(
      "INSERT INTO mortise_kv (key, value) VALUES (x'62', x''); ALTER TABLE counted RENAME TO other; "
      "UPDATE sqlite_sequence SET seq = 0 WHERE name = 'other'; DROP TABLE other; "
      "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)");
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_THAT(select("SELECT name, seq FROM sqlite_sequence"), ElementsAre("mortise_kv|4"));
}

TEST_F(ExtensionTablesTest, NoForeignKeyLeadsToThem) {
  for (const auto* sql :
       {"CREATE TABLE mine (version REFERENCES mortise_kv)", "CREATE TABLE mine (key REFERENCES Mortise_KV (key))",
        "CREATE TABLE mine (id, other, FOREIGN KEY (other) REFERENCES mortise_kv (version) ON DELETE CASCADE)",
        "CREATE TABLE mine (id); ALTER TABLE mine ADD COLUMN version REFERENCES mortise_kv",
        "CREATE TABLE mine (number REFERENCES mortise_migrations)", "CREATE TABLE mine (id REFERENCES mortise_none)"}) {
    const auto done = migrate(*database_, with_store(version("1.0.0", {step(1, sql)})));
    ASSERT_FALSE(done) << sql;
    EXPECT_EQ(done.error().code, ErrorCode::failed_precondition) << sql;
    EXPECT_THAT(done.error().message, HasSubstr("table 'mine' has a foreign key to '")) << sql;
  }
  EXPECT_THAT(tables(), ElementsAre("item"));
  expect_done(with_store(version("1.0.0", {step(1, "CREATE TABLE mine (item REFERENCES item)")})));
}

}  // namespace
}  // namespace mortise::sql
