#include "base/directory_watch.hpp"

#include <gtest/gtest.h>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "temporary_directory.hpp"

namespace mortise::base {
namespace {

/// Lets a test wait for the watch's first call.
class Bell {
 public:
  void ring() {
    const std::lock_guard lock(mutex_);
    has_rung_ = true;
    changed_.notify_all();
  }
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(45), [&] { return has_rung_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_rung_ = false;
};

TEST(DirectoryWatch, TellsOfNewChangedRenamedAndRemovedFiles) {
  const testing::TemporaryDirectory directory;
  // A watch for each change: of one that saw several, nobody knows which of them it tells of.
  const auto expect_told = [&](const char* change, const std::function<void()>& make_change) {
    Bell bell;
    const auto watch = DirectoryWatch::start(directory.path(), [&] { bell.ring(); });
    ASSERT_TRUE(watch);
    make_change();
    EXPECT_TRUE(bell.wait()) << change;
  };
  expect_told("new", [&] { testing::write_file(directory / "a", "1"); });
  expect_told("changed", [&] { testing::write_file(directory / "a", "2"); });
  expect_told("renamed", [&] { std::filesystem::rename(directory / "a", directory / "b"); });
  expect_told("removed", [&] { std::filesystem::remove(directory / "b"); });
}

TEST(DirectoryWatch, FailsForADirectoryThatIsNotThere) {
  const testing::TemporaryDirectory directory;
  const auto watch = DirectoryWatch::start(directory / "missing", [] {});
  ASSERT_FALSE(watch);
  EXPECT_NE(watch.error().message.find("missing"), std::string::npos);
}

}  // namespace
}  // namespace mortise::base
