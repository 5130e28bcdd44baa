// Tells that something in a directory has changed: inotify through Poco::DirectoryWatcher.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.hpp"

namespace mortise::base {

/// Watches one directory (not those below it) from construction to destruction.
class DirectoryWatch {
 public:
  /// `on_change` runs on the watch's own thread, must not block, and says no more than "look again": one call may
  /// stand for many changes. Fails when the directory cannot be watched.
  static Result<DirectoryWatch> start(const std::filesystem::path& directory, std::function<void()> on_change);
  DirectoryWatch(DirectoryWatch&&) noexcept;
  DirectoryWatch& operator=(DirectoryWatch&&) noexcept;
  ~DirectoryWatch();

 private:
  class Listener;
  explicit DirectoryWatch(std::unique_ptr<Listener> listener);
  std::unique_ptr<Listener> listener_;
};

}  // namespace mortise::base
