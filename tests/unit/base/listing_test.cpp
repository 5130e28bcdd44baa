#include "base/listing.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>

#include "fake_files.hpp"
#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

namespace fs = std::filesystem;
using Operation = FakeFiles::Operation;
using testing::write_file;

class ListingTest : public ::testing::Test {
 protected:
  ListingTest() {
    for (const auto* name : {"b.so", "d.so"}) write_file(directory_ / name, "1");
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(listing_.look());  // from here on it has a journal
    files_.reset_counts();
  }
  /// What it says must be what is there.
  void expect_truth() {
    const auto listed = listing_.look();
    ASSERT_TRUE(listed) << listed.error().message;
    const auto truth = RealFiles().list_stamped(directory_ / "", ".so").value();
    ASSERT_EQ(listed->size(), truth.size());
    for (std::size_t i = 0; i < truth.size(); ++i) {
      EXPECT_EQ((*listed)[i].path, truth[i].path);
      EXPECT_EQ((*listed)[i].stamp, truth[i].stamp) << truth[i].path;
    }
  }

  testing::TemporaryDirectory directory_;
  FakeFiles files_;
  Listing listing_{files_, directory_ / "", ".so"};
};

TEST_F(ListingTest, AsksForNothingThatNobodyHasTouched) {
  EXPECT_EQ(listing_.look()->size(), 2U);
  EXPECT_TRUE(listing_.is_unchanged());
  EXPECT_EQ(files_.count(Operation::list) + files_.count(Operation::stamp), 0);
}

TEST_F(ListingTest, AsksForWhatWasTouchedAlone) {
  write_file(directory_ / "b.so", "22");
  expect_truth();
  EXPECT_FALSE(listing_.is_unchanged());
  EXPECT_EQ(files_.count(Operation::list), 0);
  EXPECT_EQ(files_.count(Operation::stamp), 1);
}

TEST_F(ListingTest, FollowsWhatComesAndGoes) {
  for (const auto* name : {"a.so", "c.so", "e.so", ".hidden.so", "text.txt"}) write_file(directory_ / name, "1");
  expect_truth();
  fs::remove(directory_ / "b.so");
  fs::rename(directory_ / "a.so", directory_ / "z.so");
  fs::rename(directory_ / "text.txt", directory_ / "text.so");
  expect_truth();
  ::chmod((directory_ / "e.so").c_str(), 0600);
  fs::create_symlink("e.so", directory_ / "link.so");
  expect_truth();
  EXPECT_EQ(files_.count(Operation::list), 0);
}

TEST_F(ListingTest, AsksForAllAfterAFailureAndWhenItIsDistrusted) {
  files_.fail(Operation::stamp, {ErrorCode::permission_denied, "no"});
  write_file(directory_ / "b.so", "22");
  EXPECT_FALSE(listing_.look());
  files_.heal(Operation::stamp);
  expect_truth();
  EXPECT_EQ(files_.count(Operation::list), 1);
  expect_truth();
  EXPECT_EQ(files_.count(Operation::list), 1);
  listing_.distrust();
  expect_truth();
  EXPECT_EQ(files_.count(Operation::list), 2);
}

TEST_F(ListingTest, HasNoJournalForWhoLooksOnce) {
  Listing once(files_, directory_ / "", ".so");
  EXPECT_EQ(once.look()->size(), 2U);
  EXPECT_FALSE(once.is_unchanged());
  EXPECT_EQ(files_.count(Operation::list), 1);
}

}  // namespace
}  // namespace mortise::base
