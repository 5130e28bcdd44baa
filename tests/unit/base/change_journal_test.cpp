#include "base/change_journal.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;
using testing::write_file;

class ChangeJournalTest : public ::testing::Test {
 protected:
  ChangeJournalTest() {
    fs::create_directory(directory_);
    write_file(directory_ / "a", "1");
    write_file(directory_ / "b", "1");
    journal_.take();
  }

  testing::TemporaryDirectory root_;
  const fs::path directory_ = root_ / "watched";
  ChangeJournal journal_{directory_.string()};
};

TEST_F(ChangeJournalTest, KnowsNothingAtFirstAndThenThatNothingHasHappened) {
  ChangeJournal other(directory_.string());
  EXPECT_EQ(other.take(), std::nullopt);
  EXPECT_THAT(other.take(), Optional(IsEmpty()));
}

TEST_F(ChangeJournalTest, NamesWhatWasTouchedOnceInWhicheverWay) {
  write_file(directory_ / "a", "2");
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("a")));
  fs::rename(directory_ / "b", directory_ / "c");
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("b", "c")));
  ::chmod((directory_ / "a").c_str(), 0600);
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("a")));
  fs::remove(directory_ / "c");
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("c")));
  write_file(root_ / "elsewhere", "1");
  fs::rename(root_ / "elsewhere", directory_ / "d");
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("d")));
  EXPECT_THAT(journal_.take(), Optional(IsEmpty()));
}

TEST_F(ChangeJournalTest, HearsOfAWriteBeforeTheFileIsClosed) {
  std::ofstream file(directory_ / "a", std::ios::app);
  journal_.take();
  file << "more" << std::flush;
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("a")));
}

TEST_F(ChangeJournalTest, KnowsNothingOfAnotherDirectoryUnderTheName) {
  fs::rename(directory_, root_ / "former");
  fs::create_directory(directory_);
  EXPECT_EQ(journal_.take(), std::nullopt);
  write_file(directory_ / "new", "1");
  EXPECT_THAT(journal_.take(), Optional(ElementsAre("new")));
}

TEST_F(ChangeJournalTest, KnowsNothingOfWhatALinkLeadsToOnceItLeadsElsewhere) {
  fs::create_directory(root_ / "other");
  fs::create_directory_symlink(directory_, root_ / "link");
  ChangeJournal journal((root_ / "link").string());
  journal.take();
  EXPECT_THAT(journal.take(), Optional(IsEmpty()));
  fs::remove(root_ / "link");
  fs::create_directory_symlink(root_ / "other", root_ / "link");
  EXPECT_EQ(journal.take(), std::nullopt);
}

TEST_F(ChangeJournalTest, BeginsWhenTheDirectoryIsThere) {
  ChangeJournal journal((root_ / "later").string());
  EXPECT_EQ(journal.take(), std::nullopt);
  EXPECT_EQ(journal.take(), std::nullopt);
  fs::create_directory(root_ / "later");
  EXPECT_EQ(journal.take(), std::nullopt);
  EXPECT_THAT(journal.take(), Optional(IsEmpty()));
}

TEST_F(ChangeJournalTest, KnowsNothingWhenTheKernelHasLostEvents) {
  std::size_t most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  ASSERT_GT(most, 0U);
  if (most > 200'000) GTEST_SKIP() << "the kernel would keep them all";
  for (std::size_t i = 0; i <= most; ++i) ::chmod((directory_ / (i % 2 == 0 ? "a" : "b")).c_str(), 0600);
  EXPECT_EQ(journal_.take(), std::nullopt);
  EXPECT_THAT(journal_.take(), Optional(IsEmpty()));
}

TEST_F(ChangeJournalTest, ClaimsNothingWhenItIsDistrusted) {
  journal_.distrust();
  EXPECT_EQ(journal_.take(), std::nullopt);
  EXPECT_THAT(journal_.take(), Optional(IsEmpty()));
}

}  // namespace
}  // namespace mortise::base
