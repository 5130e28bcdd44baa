// The tables of durable events, and who hears of what comes into them.
#include "sql/extension_tables.hpp"
#include "sql/maintenance.hpp"
#include "sql/migrations.hpp"

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;

class Counter final : public CommitListener {
 public:
  void on_news() noexcept override { ++count; }
  int count = 0;
};

class OutboxTablesTest : public DatabaseTest {
 protected:
  OutboxTablesTest() {
    manifest::Manifest manifest;
    manifest.name = "one";
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.interfaces = {"mortise.sql/1"};
    manifest.publishes = {{.topic = "a/1", .is_durable = false}, {.topic = "b/1", .is_durable = true}};
    manifest.provides = {{.contract = "c/1", .name = "one", .rank = 0, .is_topic = true}};
    if (!migrate(*database_, manifest)) throw std::runtime_error("no tables");
    database_->listen(News::events, listener_);
  }
  /// A number that only the host can ask for.
  std::string ask(const std::string& statement) {
    std::string found;
    const auto reading = *database_->begin(Database::Access::read, Time::max());
    EXPECT_TRUE(reading->connection().ask(statement, {}, [&](auto columns) { found = columns[0]; }));
    return found;
  }
  const std::string publish_ =
      "INSERT INTO mortise_outbox (topic, form, key, published_ms, event) VALUES ('b/1', 5, x'', 1, x'01')";
  const std::shared_ptr<Counter> listener_ = std::make_shared<Counter>();
};

TEST_F(OutboxTablesTest, PluginsInsertIntoThemAndDoNothingElse) {
  EXPECT_TRUE(run(publish_));
  EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low) VALUES (1, 2)"));
  for (const auto* statement :
       {"SELECT id FROM mortise_outbox", "DELETE FROM mortise_outbox", "UPDATE mortise_outbox SET key = x''",
        "DELETE FROM mortise_inbox", "SELECT low FROM mortise_inbox",
        "INSERT INTO mortise_outbox_cursors VALUES ('a', 1)",
        "INSERT INTO mortise_outbox_deliveries (plugin, id, key, attempts, is_dead) VALUES ('a', 1, x'', 1, 0)",
        "UPDATE mortise_outbox_epoch SET epoch = 1"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
}

TEST_F(OutboxTablesTest, TheSweepDoesWhatNothingElseOfItsNameMay) {
  for (const auto* statement :
       {"WITH mortise_inbox_sweep AS (SELECT low FROM mortise_inbox) SELECT low FROM mortise_inbox_sweep",
        "WITH mortise_inbox_sweep AS (SELECT low FROM mortise_inbox) "
        "INSERT INTO mortise_inbox (high, low) SELECT low, 1 FROM mortise_inbox_sweep",
        "WITH mortise_inbox_sweep AS (SELECT 1 AS one) "
        "DELETE FROM mortise_inbox WHERE seq IN (SELECT one FROM mortise_inbox_sweep)",
        "WITH mortise_inbox_sweep AS (SELECT event FROM mortise_outbox) SELECT event FROM mortise_inbox_sweep"}) {
    EXPECT_EQ(refusal(statement), ErrorCode::permission_denied) << statement;
  }
  EXPECT_FALSE(run(
      "INSERT INTO mortise_inbox (high, low) VALUES (1, 2) "
      "RETURNING (WITH mortise_inbox_sweep AS (SELECT low FROM mortise_inbox) SELECT low FROM mortise_inbox_sweep)"));
  const auto making = *database_->begin(Database::Access::write, Time::max());
  ASSERT_TRUE(making->connection().run_script(
      "CREATE TRIGGER mine AFTER INSERT ON item BEGIN DELETE FROM mortise_inbox; END", Author::migration));
  ASSERT_TRUE(making->commit());
  EXPECT_EQ(refusal("INSERT INTO item (name) VALUES ('a')"), ErrorCode::permission_denied);
}

TEST_F(OutboxTablesTest, TakeNothingThatIsLargerThanMayBe) {
  EXPECT_EQ(refusal("INSERT INTO mortise_outbox (topic, form, key, published_ms, event) "
                    "VALUES ('b/1', 5, x'', 1, zeroblob(1048577))"),
            ErrorCode::failed_precondition);
  EXPECT_EQ(refusal("INSERT INTO mortise_outbox (topic, form, key, published_ms, event) "
                    "VALUES ('b/1', 5, zeroblob(1025), 1, x'01')"),
            ErrorCode::failed_precondition);
}

TEST_F(OutboxTablesTest, AnIdIsNotedOnce) {
  const auto* const note = "INSERT OR IGNORE INTO mortise_inbox (high, low) VALUES (7, 8)";
  EXPECT_TRUE(run(note));
  EXPECT_EQ(outcome_.changed_rows, 1);
  EXPECT_TRUE(run(note));
  EXPECT_EQ(outcome_.changed_rows, 0);
}

TEST_F(OutboxTablesTest, IdsOfMoreThanAWeekAgoGoTwoAtATime) {
  for (int i = 1; i <= 4; ++i) {
    EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low, at_ms) VALUES (1, ?, 1000)", {integer(i)}));
  }
  EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low) VALUES (1, 5)"));
  EXPECT_EQ(outcome_.changed_rows, 1);
  EXPECT_EQ(ask("SELECT group_concat(low) FROM mortise_inbox"), "3,4,5");
  EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low) VALUES (1, 6)"));
  EXPECT_TRUE(run("INSERT INTO mortise_inbox (high, low) VALUES (1, 7)"));
  EXPECT_EQ(ask("SELECT group_concat(low) FROM mortise_inbox"), "5,6,7");
}

TEST_F(OutboxTablesTest, CommitsAreToldOfAndNothingElse) {
  EXPECT_TRUE(run(publish_));
  EXPECT_EQ(listener_->count, 1);
  add("other", 1);
  EXPECT_EQ(listener_->count, 1);
  {
    const auto transaction = *database_->begin(Database::Access::write, Time::max());
    EXPECT_TRUE(transaction->run(publish_, {}));
  }
  add("after", 1);
  EXPECT_EQ(listener_->count, 1) << "it was rolled back";
  const auto transaction = *database_->begin(Database::Access::write, Time::max());
  EXPECT_TRUE(transaction->run(publish_, {}));
  EXPECT_TRUE(transaction->run(publish_, {}));
  EXPECT_EQ(listener_->count, 1);
  EXPECT_TRUE(transaction->commit());
  EXPECT_EQ(listener_->count, 2);
}

TEST_F(OutboxTablesTest, ABackupThatIsPutBackHasAnotherEpoch) {
  const auto backup = directory_.path() / "backup";
  ASSERT_TRUE(back_up(file(), backup));
  const auto before = ask("SELECT epoch FROM mortise_outbox_epoch");
  database_.reset();
  ASSERT_TRUE(restore(file(), backup));
  database_ = *Database::open(file());
  EXPECT_NE(ask("SELECT epoch FROM mortise_outbox_epoch"), before);
}

}  // namespace
}  // namespace mortise::sql
