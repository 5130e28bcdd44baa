// When former versions of a plugin may start no more: also where its database is busy just then.
#include <gmock/gmock.h>

#include <chrono>
#include <memory>

#include "base/temporary_directory.hpp"
#include "migrations_test_base.hpp"
#include "runtime/contract_fixture.hpp"
#include "sql/maintenance.hpp"
#include "sql/sql.hpp"

namespace mortise::sql {
namespace {

using ::testing::HasSubstr;

class SettlingTest : public runtime::testing::ContractTest {
 protected:
  runtime::GenerationPtr instance(const manifest::Manifest& manifest) {
    runtime::GenerationSpec spec;
    spec.manifest = std::make_shared<const manifest::Manifest>(manifest);
    return std::make_shared<runtime::Generation>(++last_, std::move(spec), std::span<runtime::Service* const>());
  }

  const testing::TemporaryDirectory directory_;
  base::RealFiles files_;
  Sql sql_{directory_.path(), files_, std::chrono::milliseconds(200)};
  const manifest::Migration one_ = step(1, "CREATE TABLE a (id INTEGER);");
  const manifest::Migration two_ = step(2, "CREATE TABLE b (id INTEGER);");
  const manifest::Manifest former_ = version("1.0.0", {one_});
  const manifest::Manifest next_ = version("2.0.0", {one_, two_});

 private:
  std::uint64_t last_ = 0;
};

TEST_F(SettlingTest, IsMadeUpForBeforeAFormerVersionStarts) {
  {
    const auto database = Database::open(database_file(directory_.path(), "shop")).value();
    ASSERT_TRUE(migrate(*database, former_));
    ASSERT_TRUE(migrate(*database, next_, {.running_versions = {"1.0.0"}}));
  }
  const auto next = instance(next_);
  ASSERT_TRUE(sql_.prepare(*next));
  EXPECT_TRUE(sql_.check_ahead(former_)) << "the next one was not switched to yet";
  {
    const auto busy = sql_.find(*next)->begin(Database::Access::write, Time::max()).value();
    sql_.publish(release({next}));
    const auto started = sql_.prepare(*instance(former_));
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("the database of plugin 'shop' is busy"));
  }
  const auto refused = sql_.check_ahead(former_);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("migration 2 'step-2'"));
}

}  // namespace
}  // namespace mortise::sql
