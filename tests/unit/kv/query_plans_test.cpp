// How SQLite finds the rows of each statement: by an index, however many there are.
#include "kv/statements.hpp"
#include "kv_test_base.hpp"

namespace mortise::kv {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::string kByKey = "SEARCH mortise_kv USING INDEX sqlite_autoindex_mortise_kv_1 ";
const std::string kByExpiry = "mortise_kv_expires_at (expires_at<?)";

class QueryPlansTest : public KvTest {
 protected:
  /// What SQLite would do for the statement.
  std::vector<std::string> plan(const std::string& statement) {
    std::vector<std::string> steps;
    const auto reading = *database_->begin(sql::Database::Access::read, sql::Time::max());
    const auto asked = reading->connection().ask("EXPLAIN QUERY PLAN " + statement, {},
                                                 [&](auto columns) { steps.emplace_back(columns[3]); });
    EXPECT_TRUE(asked) << asked.error().message;
    return steps;
  }
};

TEST_F(QueryPlansTest, OneRowIsFoundByItsKey) {
  EXPECT_THAT(plan(statements().get), ElementsAre(kByKey + "(key=?)"));
  EXPECT_THAT(plan(statements().remove), ElementsAre(kByKey + "(key=?)"));
  EXPECT_THAT(plan(statements().put_if_absent), Contains(kByKey + "(key=?)"));
}

TEST_F(QueryPlansTest, OneRowInAVersionIsFoundByEither) {
  for (const auto& statement : {statements().remove_version, statements().put_if_version}) {
    const auto steps = plan(statement);
    EXPECT_THAT(steps, Contains(HasSubstr("SEARCH mortise_kv USING"))) << statement;
    EXPECT_THAT(steps, Each(Not(StartsWith("SCAN mortise_kv")))) << statement;
  }
}

TEST_F(QueryPlansTest, AScanGoesAlongTheKeys) {
  const auto steps = plan(statements().scan);
  EXPECT_THAT(steps, Contains(kByKey + "(key>? AND key<?)").Times(3)) << "also where it works out how many fit";
  EXPECT_THAT(steps, Each(Not(StartsWith("SCAN mortise_kv"))));
  EXPECT_THAT(steps, Contains(HasSubstr("TEMP B-TREE")).Times(1)) << "of the sizes, and only where not all fit";
}

TEST_F(QueryPlansTest, PuttingLooksAtNoRow) { EXPECT_THAT(plan(statements().put), Each(Not(HasSubstr("mortise_kv")))); }

TEST_F(QueryPlansTest, WhatIsOverIsFoundByItsTime) {
  const auto trigger = select("SELECT sql FROM sqlite_schema WHERE name = 'mortise_kv_sweep'").at(0);
  const auto begin = trigger.find("BEGIN");
  const auto when = trigger.find("WHEN ") + 5;
  EXPECT_THAT(plan("SELECT " + trigger.substr(when, begin - when)), Contains(HasSubstr(kByExpiry)));
  const auto steps = plan(trigger.substr(begin + 5, trigger.rfind("END") - begin - 5));
  EXPECT_THAT(steps, Contains(HasSubstr(kByExpiry)));
  EXPECT_THAT(steps, Contains("SEARCH mortise_kv USING INTEGER PRIMARY KEY (rowid=?)"));
  EXPECT_THAT(steps, Each(Not(StartsWith("SCAN mortise_kv"))));
}

}  // namespace
}  // namespace mortise::kv
