#include "base/directory_watch.hpp"

#include <gtest/gtest.h>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

/// Counts the watch's calls and lets a test wait for one.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    ++rings_;
    changed_.notify_all();
  }
  /// Waits for a call after this one's start.
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return rings_ > seen_; });
  }
  void forget() {
    const std::lock_guard lock(mutex_);
    seen_ = rings_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int rings_ = 0;
  int seen_ = 0;
};

TEST(DirectoryWatch, TellsOfNewChangedRenamedAndRemovedFiles) {
  const testing::TemporaryDirectory directory;
  Bell bell;
  const auto watch = DirectoryWatch::start(directory.path(), [&] { bell.ring(); });
  ASSERT_TRUE(watch);
  testing::write_file(directory / "a", "1");
  EXPECT_TRUE(bell.wait());
  bell.forget();
  std::filesystem::rename(directory / "a", directory / "b");
  EXPECT_TRUE(bell.wait());
  bell.forget();
  std::filesystem::remove(directory / "b");
  EXPECT_TRUE(bell.wait());
}

TEST(DirectoryWatch, FailsForADirectoryThatIsNotThere) {
  const testing::TemporaryDirectory directory;
  const auto watch = DirectoryWatch::start(directory / "missing", [] {});
  ASSERT_FALSE(watch);
  EXPECT_NE(watch.error().message.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace mortise::base
