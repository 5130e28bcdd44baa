#include "base/directory_watch.hpp"

#include <Poco/Delegate.h>
#include <Poco/DirectoryWatcher.h>
#include <Poco/Exception.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

namespace mortise::base {
namespace {

namespace fs = std::filesystem;

/// How many inotify watches this process has on a directory; the kernel lists them in /proc/self/fdinfo.
std::size_t count_watches(ino_t inode) {
  std::ostringstream wanted;
  wanted << " ino:" << std::hex << inode << ' ';
  std::size_t count = 0;
  std::error_code error;
  for (fs::directory_iterator entry("/proc/self/fdinfo", error), end; !error && entry != end; entry.increment(error)) {
    std::ifstream info(entry->path());
    for (std::string line; std::getline(info, line);) {
      if (line.rfind("inotify ", 0) == 0 && line.find(wanted.str()) != std::string::npos) ++count;
    }
  }
  return count;
}

}  // namespace

/// Subscribes to every event of the watcher; Poco calls on its own thread.
class DirectoryWatch::Listener {
 public:
  Listener(const std::filesystem::path& directory, std::function<void()> on_change)
      : on_change_(std::move(on_change)), watcher_(directory.string()) {
    watcher_.itemAdded += Poco::delegate(this, &Listener::on_item);
    watcher_.itemRemoved += Poco::delegate(this, &Listener::on_item);
    watcher_.itemModified += Poco::delegate(this, &Listener::on_item);
    watcher_.itemMovedFrom += Poco::delegate(this, &Listener::on_item);
    watcher_.itemMovedTo += Poco::delegate(this, &Listener::on_item);
    watcher_.scanError += Poco::delegate(this, &Listener::on_error);
  }

  /// Poco sets the watch up on its own thread, some time after construction, and tells of a failure there. Waits for
  /// either: a change that comes right after start() must not be missed. The failure's text, or "".
  std::string wait_until_watching(ino_t inode, std::size_t watches_before) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    std::unique_lock lock(mutex_);
    while (fault_.empty() && count_watches(inode) <= watches_before) {
      if (std::chrono::steady_clock::now() > deadline) return "it did not begin in time";
      faulted_.wait_for(lock, kBetweenCounts);
    }
    return fault_;
  }

 private:
  static constexpr std::chrono::seconds kPatience{5};
  // What Poco's thread needs to get there; the start of the host waits for it.
  static constexpr std::chrono::microseconds kBetweenCounts{50};

  void on_item(const Poco::DirectoryWatcher::DirectoryEvent&) { on_change_(); }
  void on_error(const Poco::Exception& exception) {
    const std::lock_guard lock(mutex_);
    fault_ = exception.displayText();
    faulted_.notify_all();
  }

  std::function<void()> on_change_;
  std::mutex mutex_;
  std::condition_variable faulted_;
  std::string fault_;               // guarded by mutex_
  Poco::DirectoryWatcher watcher_;  // last: its thread ends before the callback goes
};

DirectoryWatch::DirectoryWatch(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
DirectoryWatch::DirectoryWatch(DirectoryWatch&&) noexcept = default;
DirectoryWatch& DirectoryWatch::operator=(DirectoryWatch&&) noexcept = default;
DirectoryWatch::~DirectoryWatch() = default;

Result<DirectoryWatch> DirectoryWatch::start(const std::filesystem::path& directory, std::function<void()> on_change) {
  const auto refuse = [&](const std::string& reason) {
    return Error{ErrorCode::unavailable, "cannot watch directory '" + directory.string() + "': " + reason +
                                             "; does it exist, and are fs.inotify.max_user_instances and "
                                             "fs.inotify.max_user_watches high enough?"};
  };
  struct stat s {};
  if (::stat(directory.c_str(), &s) != 0) return refuse(std::strerror(errno));
  try {
    const auto watches_before = count_watches(s.st_ino);
    auto listener = std::make_unique<Listener>(directory, std::move(on_change));
    const auto fault = listener->wait_until_watching(s.st_ino, watches_before);
    if (!fault.empty()) return refuse(fault);
    return DirectoryWatch(std::move(listener));
  } catch (const Poco::Exception& exception) {
    return refuse(exception.displayText());
  }
}

}  // namespace mortise::base
