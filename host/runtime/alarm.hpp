// Wakes who asks for it at a time: one thread for all of them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace mortise::runtime {

class Sleeper {
 public:
  virtual ~Sleeper() = default;
  Sleeper() = default;
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  /// On the alarm's thread; must not wait.
  virtual void wake() noexcept = 0;
};

/// Any thread. Its own is there from the beginning: when it is asked for, there may be none to be had.
class Alarm {
 public:
  using Clock = std::chrono::steady_clock;

  Alarm() : thread_([this] { run(); }) {}
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;
  ~Alarm();

  /// Once, at the earliest time that was asked for since it was woken last.
  void wake_at(const std::shared_ptr<Sleeper>& sleeper, Clock::time_point time);

 private:
  struct Entry {
    Clock::time_point time;
    std::weak_ptr<Sleeper> sleeper;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<const Sleeper*, Entry> entries_;  // guarded by mutex_
  bool is_ending_ = false;                   // guarded by mutex_
  std::thread thread_;                       // last: it uses the rest
};

}  // namespace mortise::runtime
