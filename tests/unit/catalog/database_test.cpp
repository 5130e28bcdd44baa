// A database that is broken, of another revision, or in somebody's hands.
#include <sqlite3.h>

#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DatabaseTest : public DropTest {
 protected:
  [[nodiscard]] Path database() const { return state() / "catalog.db"; }

  /// Runs SQL on the catalogue's file behind its back.
  void tamper(const std::string& sql) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(database().c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
};

TEST_F(DatabaseTest, ACorruptOneIsMovedAsideAndBuiltAnew) {
  const auto file = put("good-1.0");
  scan();
  catalog_.reset();
  testing::write_file(database(), std::string(8192, 'x'));
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::verified);
  EXPECT_THAT(result.remarks, Contains(HasSubstr("is corrupt")));
  EXPECT_TRUE(fs::exists(database().string() + ".corrupt-1"));
  EXPECT_THAT(scan().remarks, IsEmpty()) << "said once";
  open();
  EXPECT_THAT(catalog_->records(), SizeIs(1)) << "and it remembers again";
}

TEST_F(DatabaseTest, OneThatIsBrokenInTheMiddleIsMovedAside) {
  for (int i = 0; i < 40; ++i) put_text("text", "a" + std::to_string(i) + ".so");
  scan();
  catalog_.reset();
  auto text = testing::read_file(database());
  ASSERT_GT(text.size(), 8192U);
  for (std::size_t page = 4096; page < text.size(); page += 4096) text.replace(page, 64, 64, '\xee');
  testing::write_file(database(), text);
  const auto result = scan();
  EXPECT_THAT(result.records, SizeIs(40));
  EXPECT_THAT(result.remarks, Contains(HasSubstr("is corrupt")));
}

TEST_F(DatabaseTest, OneThatCannotBeOpenedIsDoneWithout) {
  const auto file = put("good-1.0");
  fs::create_directories(database() / "in-the-way");
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::verified);
  ASSERT_THAT(result.remarks, SizeIs(1));
  EXPECT_THAT(result.remarks[0], HasSubstr("cannot be used"));
  probes_ = 0;
  EXPECT_THAT(scan().changed, IsEmpty());
  EXPECT_EQ(probes_, 0);
}

TEST_F(DatabaseTest, OneOfAnotherRevisionMakesEveryFileBeLookedAtAgain) {
  put("good-1.0");
  scan();
  tamper("PRAGMA user_version = 999");
  open();
  EXPECT_THAT(catalog_->records(), IsEmpty());
  EXPECT_THAT(scan().changed, SizeIs(1));
  EXPECT_EQ(probes_, 2);
}

TEST_F(DatabaseTest, ABorrowedOneIsLeftAsItIsUntilItIsOwned) {
  put("good-1.0");
  const auto gone = put("counter");
  scan();
  const auto before = testing::read_file(database());
  offered_.push_back("mortise.new/1");  // what the host before this one has judged is looked at again
  is_borrowed_ = true;
  open();
  EXPECT_THAT(catalog_->records(), IsEmpty());
  put("good-1.1");
  fs::remove(gone);
  EXPECT_THAT(scan().records, SizeIs(2));
  EXPECT_EQ(testing::read_file(database()), before);

  catalog_->own();
  probes_ = 0;
  is_borrowed_ = false;
  open();
  EXPECT_THAT(catalog_->records(), SizeIs(2)) << "all that was found out is written down";
  EXPECT_THAT(scan().changed, IsEmpty());
  EXPECT_EQ(probes_, 0);
}

TEST_F(DatabaseTest, ABorrowedOneOfTheSameGateSparesTheWork) {
  put("good-1.0");
  const auto gone = put("counter");
  scan();
  is_borrowed_ = true;
  open();
  fs::remove(gone);
  probes_ = 0;
  EXPECT_THAT(scan().records, SizeIs(1));
  EXPECT_EQ(probes_, 0);
  catalog_->own();
  is_borrowed_ = false;
  open();
  EXPECT_THAT(catalog_->records(), SizeIs(1));
}

TEST_F(DatabaseTest, ABorrowedOneThatIsCorruptIsMovedAsideByItsOwner) {
  const auto file = put("good-1.0");
  scan();
  catalog_.reset();
  testing::write_file(database(), std::string(8192, 'x'));
  is_borrowed_ = true;
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::verified);
  EXPECT_THAT(result.remarks, IsEmpty());
  catalog_->own();
  EXPECT_THAT(scan().remarks, Contains(HasSubstr("is corrupt")));
  is_borrowed_ = false;
  open();
  EXPECT_THAT(catalog_->records(), SizeIs(1));
}

TEST_F(DatabaseTest, RowsThatMakeNoSenseAreLookedAtAgain) {
  const auto file = put("good-1.0");
  const auto other = put("counter");
  scan();
  catalog_.reset();
  for (const auto* change : {"manifest = 'no json'", "claim = 'short'", "stamp = 'x'", "image_stamp = ''", "state = 77",
                             "sha256 = ''", "notes = '{'"}) {
    tamper(std::string("UPDATE file SET ") + change + " WHERE path LIKE '%good%'");
    const auto result = scan();
    EXPECT_EQ(find(result, file)->state, FileState::verified) << change;
    EXPECT_EQ(find(result, file)->manifest->name, "good") << change;
    EXPECT_EQ(find(result, other)->state, FileState::verified) << change;
    catalog_.reset();
  }
}

TEST_F(DatabaseTest, RemembersTheMethodsOfContracts) {
  put("currency-1.0");
  scan();
  open();
  ASSERT_THAT(catalog_->records(), SizeIs(1));
  const auto methods = (*catalog_->records().begin())->manifest->methods_of("zoo.currency/1");
  EXPECT_EQ(manifest::to_text(methods), "convert({i64,str},str)->{i64,str}\nsupported()->[str]");
  EXPECT_THAT(scan().changed, IsEmpty());
  EXPECT_EQ(probes_, 1);
}

TEST_F(DatabaseTest, RemembersWhichMethodsMayBeCalledOnceMore) {
  put("bank-1.0");
  scan();
  open();
  ASSERT_THAT(catalog_->records(), SizeIs(1));
  const auto methods = (*catalog_->records().begin())->manifest->methods_of("zoo.currency/1");
  ASSERT_THAT(methods, SizeIs(2));
  EXPECT_FALSE(methods[0].is_idempotent);
  EXPECT_TRUE(methods[1].is_idempotent);
  EXPECT_THAT(scan().changed, IsEmpty());
}

TEST_F(DatabaseTest, MethodsThatMakeNoSenseAreLookedAtAgain) {
  const auto file = put("currency-1.0");
  scan();
  for (const auto* change : {"", "zoo.currency/1", "zoo.currency/1\nconvert()->int"}) {
    catalog_.reset();
    tamper(std::string("UPDATE file SET contracts = '") + change + "'");
    open();
    EXPECT_THAT(catalog_->records(), IsEmpty()) << change;
    const auto result = scan();
    EXPECT_THAT(find(result, file)->manifest->methods_of("zoo.currency/1"), SizeIs(2)) << change;
  }
}

TEST_F(DatabaseTest, RemembersWhyAFileWithoutNotesWasRejected) {
  put("contract-note-missing");
  scan();
  open();
  ASSERT_THAT(catalog_->records(), SizeIs(1));
  EXPECT_THAT((*catalog_->records().begin())->reason, HasSubstr("no note of zoo.currency/1"));
  EXPECT_THAT(scan().changed, IsEmpty());
}

TEST_F(DatabaseTest, OneThatIsLockedIsDoneWithoutAndSaysSo) {
  const auto file = put("good-1.0");
  open();
  ASSERT_THAT(catalog_->records(), IsEmpty()) << "read by now: the catalogue itself has no lock of the database";
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(database().c_str(), &handle), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(handle, "BEGIN EXCLUSIVE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto result = scan();
  sqlite3_close(handle);
  EXPECT_EQ(find(result, file)->state, FileState::verified);
  EXPECT_THAT(result.remarks, Contains(HasSubstr("cannot be used")));
}

}  // namespace
}  // namespace mortise::catalog
