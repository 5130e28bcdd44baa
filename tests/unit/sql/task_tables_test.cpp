// The table of durable tasks: what a plugin's statements may do with it, and what it takes.
#include "sql/extension_tables.hpp"
#include "sql/migrations.hpp"

#include "database_test_base.hpp"

namespace mortise::sql {
namespace {

using base::ErrorCode;
using ::testing::ElementsAre;

class TaskCounter final : public CommitListener {
 public:
  void on_news() noexcept override { ++count; }
  int count = 0;
};

class TaskTablesTest : public DatabaseTest {
 protected:
  TaskTablesTest() {
    manifest::Manifest manifest;
    manifest.name = "one";
    manifest.version = manifest::Version::parse("1.0.0").value();
    manifest.durable_tasks = {"work"};
    manifest.publishes = {{.topic = "b/1", .is_durable = true}};
    if (!migrate(*database_, manifest)) throw std::runtime_error("no tables");
    database_->listen(News::tasks, listener_);
    database_->listen(News::events, other_listener_);
  }
  std::vector<std::string> select(const std::string& columns) {
    const Rows rows;
    EXPECT_TRUE(run("SELECT " + columns + " FROM mortise_tasks ORDER BY id", {}, &rows));
    return rows.all();
  }
  const std::string submit_ = "INSERT OR REPLACE INTO mortise_tasks (handler, name, payload) VALUES ('work', ?, x'01')";
  const std::shared_ptr<TaskCounter> listener_ = std::make_shared<TaskCounter>();
  const std::shared_ptr<TaskCounter> other_listener_ = std::make_shared<TaskCounter>();
};

TEST_F(TaskTablesTest, PluginsInsertReadAndDeleteAndUpdateNothing) {
  EXPECT_TRUE(run(submit_, {text("a")}));
  EXPECT_TRUE(run(submit_, {{}}));
  EXPECT_THAT(select("handler, name, attempts, is_dead"), ElementsAre("work|a|0|0", "work||0|0"));
  EXPECT_EQ(refusal("UPDATE mortise_tasks SET attempts = 0"), ErrorCode::permission_denied);
  EXPECT_EQ(refusal("INSERT INTO mortise_tasks (id, handler, payload) VALUES (1, 'work', x'01') "
                    "ON CONFLICT DO UPDATE SET attempts = 7"),
            ErrorCode::permission_denied);
  EXPECT_TRUE(run("DELETE FROM mortise_tasks WHERE name = 'a'"));
  EXPECT_THAT(select("id"), ElementsAre("2"));
}

TEST_F(TaskTablesTest, ANameIsThatOfOneTaskOfItsHandlerThatIsNotDead) {
  EXPECT_TRUE(run(submit_, {text("a")}));
  EXPECT_TRUE(run(submit_, {text("a")}));
  EXPECT_THAT(select("id"), ElementsAre("2"));
  EXPECT_TRUE(run("INSERT INTO mortise_tasks (handler, name, payload) VALUES ('other', 'a', x'01')"));
  EXPECT_TRUE(run("INSERT INTO mortise_tasks (handler, name, is_dead, payload) VALUES ('work', 'a', 1, x'01')"));
  EXPECT_THAT(select("id"), ElementsAre("2", "3", "4"));
  EXPECT_TRUE(run("DELETE FROM mortise_tasks"));
  EXPECT_TRUE(run(submit_, {text("a")}));
  EXPECT_THAT(select("id"), ElementsAre("5")) << "no id comes twice";
}

TEST_F(TaskTablesTest, TakesNothingThatIsLargerThanMayBe) {
  const std::string insert = "INSERT INTO mortise_tasks (handler, name, payload) VALUES ";
  EXPECT_TRUE(run(insert + "(CAST(zeroblob(64) AS TEXT), CAST(zeroblob(1024) AS TEXT), zeroblob(1048576))"));
  for (const auto* values : {"('', NULL, x'01')", "(CAST(zeroblob(65) AS TEXT), NULL, x'01')", "('work', '', x'01')",
                             "('work', CAST(zeroblob(1025) AS TEXT), x'01')", "('work', NULL, zeroblob(1048577))",
                             "('work', NULL, NULL)", "(NULL, NULL, x'01')"}) {
    EXPECT_EQ(refusal(insert + values), ErrorCode::failed_precondition) << values;
  }
}

TEST_F(TaskTablesTest, TakesNoNumbersThatNobodyCanReckonWith) {
  for (const auto* row : {"(id, handler, payload) VALUES (0, 'work', x'01')",
                          "(handler, payload, since_ms) VALUES ('work', x'01', 9223372036854775807)",
                          "(handler, payload, due_ms) VALUES ('work', x'01', -9223372036854775808)",
                          "(handler, payload, attempts) VALUES ('work', x'01', 4294967295)",
                          "(handler, payload, error) VALUES ('work', x'01', CAST(zeroblob(4097) AS TEXT))"}) {
    EXPECT_EQ(refusal(std::string("INSERT INTO mortise_tasks ") + row), ErrorCode::failed_precondition) << row;
  }
}

TEST_F(TaskTablesTest, CommitsAreToldOfToWhoWantsToHearOfTasks) {
  EXPECT_TRUE(run(submit_, {{}}));
  EXPECT_EQ(listener_->count, 1);
  EXPECT_EQ(other_listener_->count, 0);
  EXPECT_TRUE(run("DELETE FROM mortise_tasks"));
  EXPECT_EQ(listener_->count, 1);
  const auto transaction = *database_->begin(Database::Access::write, Time::max());
  const std::vector<mortise_sql_value> none{{}};
  EXPECT_TRUE(transaction->run(submit_, {.parameters = none}));
  EXPECT_TRUE(
      transaction->run("INSERT INTO mortise_outbox (topic, form, key, published_ms, event) "
                       "VALUES ('b/1', 1, x'', 1, x'01')",
                       {}));
  EXPECT_TRUE(transaction->commit());
  EXPECT_EQ(listener_->count, 2);
  EXPECT_EQ(other_listener_->count, 1);
}

}  // namespace
}  // namespace mortise::sql
