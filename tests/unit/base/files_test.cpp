#include "base/files.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <csignal>
#include <filesystem>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

namespace fs = std::filesystem;
using testing::read_file;
using testing::write_file;

class Files : public ::testing::Test {
 protected:
  testing::TemporaryDirectory directory_;
  RealFiles files_;
};

mode_t mode_of(const fs::path& path) {
  struct stat s {};
  return ::lstat(path.c_str(), &s) == 0 ? s.st_mode & 07777 : 0;
}

const auto kIgnore = [](std::span<const std::uint8_t>) {};

TEST_F(Files, StampsTheLinkAndNotWhatItPointsTo) {
  write_file(directory_ / "file", "x");
  fs::create_symlink(directory_ / "file", directory_ / "link");
  EXPECT_TRUE(files_.stamp(directory_ / "link")->is_symlink());
  EXPECT_TRUE(files_.stamp(directory_ / "file")->is_regular());
}

TEST_F(Files, KnowsWhetherSomebodyHasAFileOpenForWriting) {
  write_file(directory_ / "file", "x");
  const auto file = files_.open(directory_ / "file");
  EXPECT_EQ(files_.has_writer(*file).value(), false);
  {
    const Descriptor writer(::open((directory_ / "file").c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_EQ(files_.has_writer(*file).value(), true);
  }
  EXPECT_EQ(files_.has_writer(*file).value(), false);
}

TEST_F(Files, StampChangesWithContentAndMode) {
  write_file(directory_ / "file", "x");
  const auto first = files_.stamp(directory_ / "file").value();
  EXPECT_EQ(files_.stamp(directory_ / "file").value(), first);
  ASSERT_EQ(::chmod((directory_ / "file").c_str(), 0646), 0);
  const auto second = files_.stamp(directory_ / "file").value();
  EXPECT_NE(second, first);
  EXPECT_TRUE(second.is_writable_by_others());
  ASSERT_EQ(::chmod((directory_ / "file").c_str(), 0664), 0);
  EXPECT_FALSE(files_.stamp(directory_ / "file")->is_writable_by_others());
}

TEST_F(Files, StampOfAnOpenFileIsThatOfItsPath) {
  write_file(directory_ / "file", "x");
  const auto open = files_.open(directory_ / "file");
  ASSERT_TRUE(open);
  EXPECT_EQ(files_.stamp(*open).value(), files_.stamp(directory_ / "file").value());
}

TEST_F(Files, RefusesToOpenALink) {
  write_file(directory_ / "file", "x");
  fs::create_symlink(directory_ / "file", directory_ / "link");
  EXPECT_EQ(files_.open(directory_ / "link").error().code, ErrorCode::invalid_argument);
}

TEST_F(Files, OpensAFifoWithoutWaiting) {
  ASSERT_EQ(::mkfifo((directory_ / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(files_.open(directory_ / "fifo"));
}

TEST_F(Files, NamesTheMissingFile) {
  const auto missing = files_.open(directory_ / "missing");
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find("missing'"), std::string::npos);
}

TEST_F(Files, ReadsUpToItsLimit) {
  write_file(directory_ / "file", "12345");
  EXPECT_EQ(files_.read(directory_ / "file", 5).value(), "12345");
  EXPECT_EQ(files_.read(directory_ / "file", 4).error().code, ErrorCode::resource_exhausted);
}

TEST_F(Files, WritesAtomicallyWithTheModeAskedFor) {
  write_file(directory_ / "file", "old");
  ASSERT_TRUE(files_.write_atomically(directory_ / "file", "new", 0640, Durability::synced));
  EXPECT_EQ(read_file(directory_ / "file"), "new");
  EXPECT_EQ(mode_of(directory_ / "file"), 0640U);
}

TEST_F(Files, LeavesTheOldFileAndNoTemporaryWhenItCannotWrite) {
  fs::create_directory(directory_ / "target");
  write_file(directory_ / "target" / "inside", "x");  // a file cannot be renamed onto a directory with content
  EXPECT_FALSE(files_.write_atomically(directory_ / "target", "new", 0600, Durability::none));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1);
  EXPECT_EQ(read_file(directory_ / "target" / "inside"), "x");
}

TEST_F(Files, CopyShowsEveryByteOnTheWay) {
  const std::string text(1'000'000, 'y');
  write_file(directory_ / "from", text);
  std::string seen;
  const auto source = files_.open(directory_ / "from");
  ASSERT_TRUE(source);
  ASSERT_TRUE(files_.copy(*source, directory_ / "to", 0444, Durability::synced,
                          [&](std::span<const std::uint8_t> piece) { seen.append(piece.begin(), piece.end()); }));
  EXPECT_EQ(seen, text);
  EXPECT_EQ(read_file(directory_ / "to"), text);
  EXPECT_EQ(mode_of(directory_ / "to") & 0222U, 0U);
}

TEST_F(Files, CopyRefusesATargetThatExists) {
  write_file(directory_ / "from", "x");
  write_file(directory_ / "to", "precious");
  const auto source = files_.open(directory_ / "from");
  EXPECT_EQ(files_.copy(*source, directory_ / "to", 0600, Durability::synced, kIgnore).error().code,
            ErrorCode::already_exists);
  EXPECT_EQ(read_file(directory_ / "to"), "precious");
}

TEST_F(Files, CopyThatFindsNoRoomLeavesNoTargetAndSaysSo) {
  write_file(directory_ / "from", std::string(100'000, 'z'));
  const auto source = files_.open(directory_ / "from");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{.rlim_cur = 50'000, .rlim_max = before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto copied = files_.copy(*source, directory_ / "to", 0600, Durability::synced, kIgnore);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error().code, ErrorCode::resource_exhausted);
  EXPECT_NE(copied.error().message.find("make room"), std::string::npos);
  EXPECT_FALSE(fs::exists(directory_ / "to"));
}

TEST_F(Files, MakesDirectoriesAndLeavesExistingOnesAsTheyAre) {
  ASSERT_TRUE(files_.make_directory(directory_ / "a" / "b", 0700));
  EXPECT_EQ(mode_of(directory_ / "a" / "b"), 0700U);
  ASSERT_EQ(::chmod((directory_ / "a" / "b").c_str(), 0750), 0);
  ASSERT_TRUE(files_.make_directory(directory_ / "a" / "b", 0700));
  EXPECT_EQ(mode_of(directory_ / "a" / "b"), 0750U);
}

TEST_F(Files, RefusesADirectoryWhereAFileIs) {
  write_file(directory_ / "file", "x");
  EXPECT_FALSE(files_.make_directory(directory_ / "file" / "below", 0700));
}

TEST_F(Files, ListsInOrderWhatHasTheEndingAndIsNotHidden) {
  for (const auto* name : {"b.so", "a.so", ".hidden.so", "a.so.old", "a.txt", ".so"}) {
    write_file(directory_ / name, "x");
  }
  const std::vector<std::string> expected{directory_ / "a.so", directory_ / "b.so"};
  EXPECT_EQ(files_.list(directory_ / "", ".so").value(), expected);
  EXPECT_EQ(files_.list((directory_ / "a.so").parent_path(), ".so").value(), expected);
}

TEST_F(Files, ListsWithTheStampOfEach) {
  write_file(directory_ / "b.so", "bb");
  write_file(directory_ / "a.so", "a");
  std::filesystem::create_symlink("a.so", directory_ / "link.so");
  const auto listed = files_.list_stamped(directory_ / "", ".so").value();
  ASSERT_EQ(listed.size(), 3U);
  for (const auto& [path, stamp] : listed) EXPECT_EQ(stamp, files_.stamp(path).value()) << path;
  EXPECT_EQ(listed[1].path, directory_ / "b.so");
  EXPECT_TRUE(listed[2].stamp.is_symlink());
  EXPECT_EQ(files_.list_stamped(directory_ / "missing", ".so").error().code, ErrorCode::not_found);
}

TEST_F(Files, ReachesByNameWhatLiesInAnOpenDirectory) {
  write_file(directory_ / "file", "text");
  const auto directory = files_.open_directory(directory_ / ".").value();
  EXPECT_EQ(files_.stamp(directory, "file").value(), files_.stamp(directory_ / "file").value());
  EXPECT_EQ(files_.read(directory, "file", 4).value(), "text");
  EXPECT_EQ(files_.read(directory, "file", 3).error().code, ErrorCode::resource_exhausted);
  const auto missing = files_.read(directory, "missing", 4);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_NE(missing.error().message.find(directory.path_of("missing")), std::string::npos);
  EXPECT_EQ(files_.stamp(directory, "missing").error().code, ErrorCode::not_found);
  EXPECT_FALSE(files_.open_directory(directory_ / "file"));
}

TEST_F(Files, MakesADirectoryInAnOpenOne) {
  const auto directory = files_.open_directory(directory_ / ".").value();
  for (int time = 0; time < 2; ++time) ASSERT_TRUE(files_.make_directory(directory, "made", 0700));
  EXPECT_EQ(mode_of(directory_ / "made"), 0700U);
  write_file(directory_ / "file", "x");
  EXPECT_FALSE(files_.make_directory(directory, "file", 0700));
}

TEST_F(Files, SaysWhyADirectoryCannotBeListed) {
  const auto listed = files_.list(directory_ / "missing", ".so");
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().code, ErrorCode::not_found);
  EXPECT_EQ(listed.error().message,
            "cannot list '" + (directory_ / "missing").string() + "': No such file or directory");
}

TEST_F(Files, DescriptorClosesWhenItGoesAndWhenItIsReplaced) {
  write_file(directory_ / "file", "x");
  auto first = files_.open(directory_ / "file").value();
  const int fd = first.get();
  Descriptor taken(std::move(first));
  EXPECT_EQ(taken.get(), fd);
  taken = Descriptor();
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

}  // namespace
}  // namespace mortise::base
