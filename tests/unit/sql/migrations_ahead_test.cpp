// What is known of a version's migrations before any of them runs.
#include <sqlite3.h>

#include <chrono>
#include <filesystem>
#include <utility>

#include "migrations_test_base.hpp"
#include "sql/maintenance.hpp"

namespace mortise::sql {
namespace {

using manifest::Manifest;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MigrationsAheadTest : public MigrationsTest {
 protected:
  /// Why a version is known not to start; empty: nothing is known.
  static std::string ahead(const std::filesystem::path& file, const Manifest& manifest) {
    const auto checked = check_migrations(file, manifest, std::chrono::steady_clock::now() + kPatience);
    return checked ? "" : checked.error().message;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& one : std::filesystem::directory_iterator(directory_.path())) {
      names.push_back(one.path().filename());
    }
    return names;
  }
  static constexpr std::chrono::milliseconds kPatience{30};
};

TEST_F(MigrationsAheadTest, RefuseInTheSameWordsAndRunNothing) {
  expect_done(version("2.0.0", {one_, step(5, "CREATE TABLE five (id)")}));
  const auto writer = *database_->begin(Database::Access::write, Time::max());  // keeps nobody from looking
  const std::vector<std::pair<Manifest, std::string>> all{
      {version("1.0.0", {one_}), "migration 5"},
      {version("2.1.0", {step(1, "SELECT 1"), step(5, "")}), "write what is to change"},
      {version("2.2.0", {one_, two_, step(5, "")}), "give it a higher number"}};
  for (const auto& [refused, why] : all) {
    EXPECT_THAT(ahead(file(), refused), AllOf(HasSubstr(why), ::testing::Eq(failure(refused))));
  }
  EXPECT_EQ(ahead(file(), version("3.0.0", {one_, step(5, "CREATE TABLE five (id)"), step(6, "SELEKT")})), "")
      << "what is to run is seen when it runs";
  EXPECT_THAT(tables(), ElementsAre("a", "five", "item"));
}

TEST_F(MigrationsAheadTest, AVersionThatRanMeanwhileMayComeBack) {
  expect_done(version("1.0.0", {one_}));
  ASSERT_TRUE(migrate(*database_, version("2.0.0", {one_, two_}), {.running_versions = {"1.0.0"}}));
  EXPECT_EQ(ahead(file(), version("1.0.0", {one_})), "");
  EXPECT_TRUE(settle_migrations(*database_, std::chrono::steady_clock::now() + std::chrono::seconds(10)));
  EXPECT_THAT(ahead(file(), version("1.0.0", {one_})), HasSubstr("migration 2 'step-2'"));
}

TEST_F(MigrationsAheadTest, OfADatabaseThatIsNotThereMakeNone) {
  database_.reset();
  std::filesystem::remove(file());
  const auto before = files();
  EXPECT_EQ(ahead(file(), version("1.0.0", {one_})), "");
  EXPECT_EQ(files(), before);
}

TEST_F(MigrationsAheadTest, LeaveACopyAsItWasPutThere) {
  expect_done(version("2.0.0", {one_, two_}));
  const auto copy = directory_.path() / "copy.sqlite";
  ASSERT_TRUE(back_up(file(), copy));
  const auto before = testing::read_file(copy);
  EXPECT_THAT(ahead(copy, version("1.0.0", {one_})), HasSubstr("migration 2"));
  EXPECT_EQ(testing::read_file(copy), before);
}

TEST_F(MigrationsAheadTest, WaitForALockNoLongerThanAMoment) {
  expect_done(version("2.0.0", {one_, two_}));
  const auto copy = directory_.path() / "copy.sqlite";
  ASSERT_TRUE(back_up(file(), copy));
  sqlite3* other = nullptr;
  ASSERT_EQ(::sqlite3_open(copy.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(::sqlite3_exec(other, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(ahead(copy, version("1.0.0", {one_})), "") << "which its start will say";
  EXPECT_GE(std::chrono::steady_clock::now() - begin, kPatience);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5)) << "others wait for ten";
  ::sqlite3_close(other);
  EXPECT_THAT(ahead(copy, version("1.0.0", {one_})), HasSubstr("migration 2"));
}

}  // namespace
}  // namespace mortise::sql
