#include "base/directory_watch.hpp"

#include <Poco/Delegate.h>
#include <Poco/DirectoryWatcher.h>
#include <Poco/Exception.h>

#include <utility>

namespace mortise::base {

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
  }

 private:
  void on_item(const Poco::DirectoryWatcher::DirectoryEvent&) { on_change_(); }

  std::function<void()> on_change_;
  Poco::DirectoryWatcher watcher_;  // last: its thread ends before the callback goes
};

DirectoryWatch::DirectoryWatch(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
DirectoryWatch::DirectoryWatch(DirectoryWatch&&) noexcept = default;
DirectoryWatch& DirectoryWatch::operator=(DirectoryWatch&&) noexcept = default;
DirectoryWatch::~DirectoryWatch() = default;

Result<DirectoryWatch> DirectoryWatch::start(const std::filesystem::path& directory, std::function<void()> on_change) {
  try {
    return DirectoryWatch(std::make_unique<Listener>(directory, std::move(on_change)));
  } catch (const Poco::Exception& exception) {
    return Error{ErrorCode::unavailable, "cannot watch directory '" + directory.string() +
                                             "': " + exception.displayText() +
                                             "; does it exist, and is fs.inotify.max_user_instances high enough?"};
  }
}

}  // namespace mortise::base
