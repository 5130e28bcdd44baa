// What becomes of each kind of file in the drop directory.
#include "catalog/catalog.hpp"

#include <fstream>

#include "base/sha256.hpp"
#include "drop_fixture.hpp"

namespace mortise::catalog {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CatalogTest : public DropTest {
 protected:
  std::string rejection(const Path& file) {
    const auto record = find(scan(), file);
    EXPECT_EQ(record->state, FileState::rejected);
    EXPECT_THAT(record->reason, HasSubstr("'" + file.string() + "'"));
    return record->reason;
  }
  std::size_t stored() const { return static_cast<std::size_t>(std::distance(fs::directory_iterator(store()), {})); }
};

std::string digest(const fs::path& file) {
  const auto text = mortise::testing::read_file(file);
  base::Sha256 sha256;
  sha256.update({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  return sha256.finish();
}

TEST_F(CatalogTest, KeepsAVerifiedCopyNamedByItsDigest) {
  const auto file = put("good-1.0");
  const auto result = scan();
  ASSERT_THAT(result.records, SizeIs(1));
  const auto& record = **result.records.begin();
  EXPECT_EQ(record.state, FileState::verified) << record.reason;
  EXPECT_EQ(record.sha256, digest(file));
  EXPECT_EQ(record.image, store() / (record.sha256 + ".so"));
  EXPECT_EQ(mortise::testing::read_file(record.image), mortise::testing::read_file(file));
  EXPECT_EQ(record.manifest->name, "good");
  EXPECT_THAT(result.changed, SizeIs(1));
  EXPECT_FALSE(result.retry_after);
  EXPECT_THAT(result.remarks, IsEmpty());
  EXPECT_EQ(probed_.parent_path(), store()) << "the copy is probed, not the file that others can write";
  EXPECT_EQ(stored(), 1U);
  EXPECT_EQ(fs::status(store()).permissions(), fs::perms::owner_all);
  EXPECT_EQ(fs::status(record.image).permissions() & fs::perms(0222), fs::perms::none);
}

TEST_F(CatalogTest, LooksAtLibrariesOnlyAndInOrder) {
  put("good-1.1", "b");
  put("counter", "a");
  put_text("notes", "README.md");
  put("good-1.0", ".hidden");
  const auto result = scan();
  ASSERT_THAT(result.records, SizeIs(2));
  EXPECT_EQ((*result.records.begin())->path, drop() / "a.so");
  EXPECT_EQ((*std::next(result.records.begin()))->path, drop() / "b.so");
}

TEST_F(CatalogTest, RejectsBadFilesAndTakesTheOthers) {
  put_text("no library", "text.so");
  put_text(mortise::testing::read_file(MORTISE_ZOO "/good-1.0.so").substr(0, 5000), "short.so");
  put("no-manifest");
  put("good-1.0");
  const auto result = scan();
  EXPECT_THAT(find(result, drop() / "text.so")->reason, HasSubstr("no ELF header"));
  EXPECT_THAT(find(result, drop() / "short.so")->reason, HasSubstr("is truncated: the file ends at 5000"));
  EXPECT_THAT(find(result, drop() / "no-manifest.so")->reason, HasSubstr("no manifest"));
  EXPECT_EQ(find(result, drop() / "good-1.0.so")->state, FileState::verified);
  EXPECT_EQ(probes_, 1);
  EXPECT_EQ(stored(), 1U) << "what was rejected is not kept";
}

TEST_F(CatalogTest, RejectsASymbolicLink) {
  const auto target = directory_ / "outside.so";
  fs::copy_file(MORTISE_ZOO "/good-1.0.so", target);
  fs::create_symlink(target, drop() / "link.so");
  EXPECT_THAT(rejection(drop() / "link.so"), HasSubstr("symbolic link"));
}

TEST_F(CatalogTest, RejectsAWorldWritableFileUntilItIsMended) {
  const auto file = put("good-1.0");
  ASSERT_EQ(::chmod(file.c_str(), 0757), 0);
  EXPECT_THAT(rejection(file), HasSubstr("chmod o-w"));
  ASSERT_EQ(::chmod(file.c_str(), 0755), 0);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(CatalogTest, RejectsWhatIsNoRegularFile) {
  fs::create_directory(drop() / "directory.so");
  ASSERT_EQ(::mkfifo((drop() / "fifo.so").c_str(), 0600), 0);
  EXPECT_THAT(rejection(drop() / "directory.so"), HasSubstr("no regular file"));
  EXPECT_THAT(rejection(drop() / "fifo.so"), HasSubstr("no regular file"));
}

TEST_F(CatalogTest, RejectsWhatTheProbeRefusesAndSaysSoOnce) {
  const auto file = put("good-1.0");
  probe_error_ = base::Error{base::ErrorCode::failed_precondition, "was killed by SIGSEGV"};
  EXPECT_THAT(rejection(file), HasSubstr("was killed by SIGSEGV"));
  const auto again = scan();
  EXPECT_THAT(again.changed, IsEmpty());
  EXPECT_EQ(probes_, 1);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(CatalogTest, TriesAgainWhenNoProbeCouldBeStarted) {
  const auto file = put("good-1.0");
  probe_error_ = base::Error{base::ErrorCode::unavailable, "could not be probed"};
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_TRUE(result.retry_after);
  probe_error_.reset();
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(CatalogTest, TakesInWhatWaitedWhenItHasLostAnotherName) {
  for (int i = 0; i < 2; ++i) scan();  // from here on it is told what changes, but not of names elsewhere
  const auto file = put("good-1.0");
  std::filesystem::create_hard_link(file, directory_ / "elsewhere");
  probe_error_ = base::Error{base::ErrorCode::unavailable, "could not be probed"};
  EXPECT_EQ(find(scan(), file)->state, FileState::pending);
  std::filesystem::remove(directory_ / "elsewhere");
  probe_error_.reset();
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(CatalogTest, WaitsForAFileThatIsStillBeingWritten) {
  const auto file = put("good-1.0");
  std::ofstream writer(file, std::ios::app);
  age(file, 1s);
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_THAT(find(result, file)->reason, HasSubstr("still being written"));
  ASSERT_TRUE(result.retry_after);
  EXPECT_GT(*result.retry_after, 0ms);
  EXPECT_LE(*result.retry_after, kSettle);
  EXPECT_EQ(files_.count(base::FakeFiles::Operation::copy), 0);
  age(file, kSettle);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(CatalogTest, TakesAFreshFileAtOnceThatNobodyWritesAndThatIsWhole) {
  const auto file = put("good-1.0");
  age(file, 0s);
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::verified) << find(result, file)->reason;
  EXPECT_FALSE(result.retry_after);
}

TEST_F(CatalogTest, WaitsForTheRestOfAFreshFileThatNobodyWrites) {
  const auto part = put_text(mortise::testing::read_file(MORTISE_ZOO "/good-1.0.so").substr(0, 5000), "part.so");
  age(part, 1s);
  const auto result = scan();
  const auto record = find(result, part);
  EXPECT_EQ(record->state, FileState::pending);
  EXPECT_THAT(record->reason, HasSubstr("still being written"));
  EXPECT_EQ(record->sha256, "");
  EXPECT_TRUE(result.retry_after);
  age(part, kSettle);
  EXPECT_EQ(find(scan(), part)->state, FileState::rejected);
}

TEST_F(CatalogTest, LooksAgainSoonAtAYoungFileAndEverMoreRarely) {
  const auto file = put("good-1.0");
  const std::ofstream writer(file, std::ios::app);
  age(file, 0s);
  EXPECT_LE(*scan().retry_after, 1s);
  age(file, 4s);
  EXPECT_GE(*scan().retry_after, 4s);
  age(file, kSettle - 2s);
  EXPECT_LE(*scan().retry_after, 2s);
}

TEST_F(CatalogTest, WaitsWhereTheKernelDoesNotTellWhoWrites) {
  const auto file = put("good-1.0");
  files_.fail(base::FakeFiles::Operation::has_writer, {base::ErrorCode::unavailable, "no leases here"});
  age(file, 1s);
  EXPECT_EQ(find(scan(), file)->state, FileState::pending);
  age(file, kSettle);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
}

TEST_F(CatalogTest, TakesAFileFromTheFutureWhenItRests) {
  const auto file = put("good-1.0");
  const std::ofstream writer(file, std::ios::app);
  age(file, -24h);
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_EQ(result.retry_after, kSettle);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
  EXPECT_EQ(find(scan(), file)->state, FileState::verified);
  EXPECT_EQ(probes_, 1);
}

TEST_F(CatalogTest, WaitsWhenAFileChangesWhileItIsRead) {
  const auto file = put("good-1.0");
  files_.before(base::FakeFiles::Operation::copy, [&](const Path&) {
    mortise::testing::write_file(file, "half of it");
    return std::nullopt;
  });
  const auto result = scan();
  EXPECT_EQ(find(result, file)->state, FileState::pending);
  EXPECT_THAT(find(result, file)->reason, HasSubstr("changed while it was read"));
  EXPECT_TRUE(result.retry_after);
  EXPECT_EQ(stored(), 0U);
}

TEST_F(CatalogTest, SkipsAFileThatGoesMeanwhile) {
  const auto file = put("good-1.0");
  files_.before(base::FakeFiles::Operation::open, [&](const Path&) {
    fs::remove(file);
    return std::nullopt;
  });
  EXPECT_THAT(scan().records, IsEmpty());
}

TEST_F(CatalogTest, AReplacedFileIsTakenInAndItsOldImageStays) {
  const auto file = put("good-1.0", "good");
  const auto before = find(scan(), file);
  put("good-1.1", "good");
  const auto result = scan();
  const auto after = find(result, file);
  EXPECT_EQ(after->manifest->version.to_string(), "1.1.0");
  EXPECT_THAT(result.changed, SizeIs(1));
  EXPECT_TRUE(fs::exists(before->image));
  EXPECT_EQ(digest(before->image), before->sha256);
}

TEST_F(CatalogTest, AnOverwrittenFileLeavesItsImageAlone) {
  const auto file = put("good-1.0");
  const auto before = find(scan(), file);
  put_text("overwritten in place", "good-1.0.so");
  EXPECT_THAT(rejection(file), HasSubstr("no ELF header"));
  EXPECT_EQ(digest(before->image), before->sha256);
}

TEST_F(CatalogTest, DropsTheRecordOfAVanishedFileAndKeepsItsImage) {
  const auto file = put("good-1.0");
  const auto record = find(scan(), file);
  fs::remove(file);
  const auto result = scan();
  EXPECT_THAT(result.records, IsEmpty());
  EXPECT_THAT(result.vanished, ::testing::ElementsAre(file));
  EXPECT_TRUE(fs::exists(record->image));
  EXPECT_THAT(scan().vanished, IsEmpty());
}

TEST_F(CatalogTest, KeepsTheLastManifestWhileAFileIsBeingWritten) {
  const auto file = put("good-1.0", "other-name");
  scan();
  const std::ofstream writer(file, std::ios::app);
  age(file, 0ms);
  const auto record = find(scan(), file);
  EXPECT_EQ(record->state, FileState::pending);
  ASSERT_NE(record->manifest, nullptr);
  EXPECT_EQ(record->manifest->name, "good");
}

TEST_F(CatalogTest, NotesWhatIsTakenButBetterMended) {
  const auto file = put("gnu-unique");
  const auto record = find(scan(), file);
  EXPECT_EQ(record->state, FileState::verified);
  EXPECT_THAT(record->notes, ::testing::Contains(HasSubstr("zoo_unique")));
}

TEST_F(CatalogTest, FailsWhenTheDropDirectoryCannotBeListedAndKeepsItsRecords) {
  put("good-1.0");
  scan();
  fs::rename(drop(), directory_ / "elsewhere");
  const auto failed = catalog_->scan();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr(drop().string()));
  EXPECT_THAT(catalog_->records(), SizeIs(1));
}

TEST_F(CatalogTest, NamesTheStateDirectoryThatItCannotWrite) {
  mortise::testing::write_file(state(), "in the way");
  const auto opened = Catalog::open(settings(), files_, nullptr);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr(state().string()));
}

TEST_F(CatalogTest, RejectsWhatRequiresAnInterfaceThatTheHostLacks) {
  const auto file = put("needs-unknown-interface");
  const auto record = find(scan(), file);
  EXPECT_EQ(record->state, FileState::rejected);
  EXPECT_THAT(record->reason, HasSubstr("requires the interface 'mortise.teleport/1'"));
  EXPECT_EQ(probes_, 0);
}

TEST_F(CatalogTest, ClearsAwayWhatACrashHasLeftButNotWhatIsAtWork) {
  open();
  mortise::testing::write_file(store() / "incoming-1-2.so", "stale");
  mortise::testing::write_file(store() / "incoming-3-4.so", "at work");
  age(store() / "incoming-1-2.so", 1h);
  open();
  scan();
  EXPECT_FALSE(fs::exists(store() / "incoming-1-2.so"));
  EXPECT_TRUE(fs::exists(store() / "incoming-3-4.so"));
}

}  // namespace
}  // namespace mortise::catalog
