// What is unchanged is neither read nor probed again, in this process or the next.
#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using base::FakeFiles;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Operation = base::FakeFiles::Operation;

class Unchanged : public DropTest {
 protected:
  void expect_nothing_read(const Catalog::ScanResult& result) {
    EXPECT_EQ(files_.count(Operation::open), 0);
    EXPECT_EQ(files_.count(Operation::copy), 0);
    EXPECT_EQ(probes_, 0);
    EXPECT_THAT(result.changed, IsEmpty());
    EXPECT_THAT(result.vanished, IsEmpty());
  }
  void forget_counts() {
    files_.reset_counts();
    probes_ = 0;
  }
};

TEST_F(Unchanged, IsNotReadAgainByTheNextScan) {
  put("good-1.0");
  put("no-manifest");
  scan();
  forget_counts();
  expect_nothing_read(scan());
}

TEST_F(Unchanged, IsNotReadAgainAfterARestart) {
  const auto good = put("good-1.0");
  const auto unique = put("gnu-unique");
  const auto bad = put("no-manifest");
  const auto before = scan();
  forget_counts();
  open();
  ASSERT_THAT(catalog_->records(), SizeIs(3)) << "known before the first scan";
  const auto after = scan();
  expect_nothing_read(after);
  for (const auto& path : {good, unique, bad}) {
    const auto was = find(before, path);
    const auto is = find(after, path);
    EXPECT_EQ(is->state, was->state);
    EXPECT_EQ(is->reason, was->reason);
    EXPECT_EQ(is->sha256, was->sha256);
    EXPECT_EQ(is->image, was->image);
    EXPECT_EQ(is->stamp, was->stamp);
    EXPECT_EQ(is->notes, was->notes);
    EXPECT_EQ(is->manifest != nullptr, was->manifest != nullptr);
  }
  EXPECT_EQ(find(after, good)->manifest->version.to_string(), "1.0.0");
}

TEST_F(Unchanged, StaysKnownWhenTheScanFailsHalfway) {
  put("good-1.0");
  const auto unseen = put("no-manifest");
  scan();
  forget_counts();
  files_.before(Operation::stamp, [&](const std::string& path) {
    return path == unseen ? std::optional(base::Error{base::ErrorCode::unavailable, "the disk is away"}) : std::nullopt;
  });
  EXPECT_FALSE(catalog_->scan());
  EXPECT_THAT(catalog_->records(), SizeIs(2));
  files_.heal(Operation::stamp);
  expect_nothing_read(scan());
}

TEST_F(Unchanged, VanishedFilesAreForgottenAcrossARestart) {
  const auto file = put("good-1.0");
  scan();
  fs::remove(file);
  scan();
  open();
  EXPECT_THAT(catalog_->records(), IsEmpty());
}

TEST_F(Unchanged, BytesUnderAnotherNameAreNotProbedAgain) {
  put("good-1.0", "a");
  scan();
  forget_counts();
  const auto copy = put("good-1.0", "b");
  EXPECT_EQ(find(scan(), copy)->state, FileState::verified);
  EXPECT_EQ(probes_, 0);
}

TEST_F(Unchanged, TouchedFileIsReadButNotProbedAgain) {
  const auto file = put("good-1.0");
  scan();
  forget_counts();
  age(file, std::chrono::milliseconds(0));
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
  EXPECT_EQ(files_.count(Operation::copy), 1);
  EXPECT_EQ(probes_, 0);
}

TEST_F(Unchanged, FileWhoseImageWasRemovedIsTakenInAgain) {
  const auto file = put("good-1.0");
  const auto image = find(scan(), file)->image;
  fs::remove(image);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
  EXPECT_TRUE(fs::exists(image));
  EXPECT_EQ(probes_, 2);
}

TEST_F(Unchanged, FileWhoseImageWasTamperedWithIsTakenInAgain) {
  const auto file = put("good-1.0");
  const auto record = find(scan(), file);
  fs::permissions(record->image, fs::perms::owner_all);
  testing::write_file(record->image, "tampered with");
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
  EXPECT_EQ(testing::read_file(record->image), testing::read_file(file));
}

TEST_F(Unchanged, FileIsJudgedAnewByAHostThatOffersOtherInterfaces) {
  const auto file = put("needs-unknown-interface");
  EXPECT_EQ(find(scan(), file)->state, FileState::rejected);
  offered_.push_back("mortise.teleport/1");
  open();
  const auto record = find(scan(), file);
  EXPECT_EQ(record->state, FileState::verified) << record->reason;
  offered_.pop_back();
  open();
  EXPECT_EQ(find(scan(), file)->state, FileState::rejected);
  EXPECT_FALSE(catalog_->find_image(record->sha256)) << "the image in the store is judged likewise";
}

TEST_F(Unchanged, ReadersSeeTheRecordsWhileTheHostRuns) {
  put("good-1.0");
  scan();
  const auto reader = Catalog::open(settings(), files_, nullptr);
  ASSERT_TRUE(reader);
  EXPECT_THAT((*reader)->records(), SizeIs(1));
  put("counter");
  EXPECT_THAT(scan().remarks, IsEmpty()) << "the reader does not stand in the host's way";
}

}  // namespace
}  // namespace mortise::catalog
