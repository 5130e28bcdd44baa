// Tasks by the time at which they are due, and one thread that waits for that.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tasks/timing.hpp"

namespace mortise::tasks {

/// Any thread. What it calls it calls without its lock, on its own thread.
class Schedule {
 public:
  using Key = std::uint64_t;
  using Now = std::function<Moment()>;
  /// Called once for each key that was due, which is forgotten.
  using OnDue = std::function<void(Key key)>;
  /// Called when the clock on the wall has been put back so far that it was wrong before: kLeap.
  using OnPutBack = std::function<void()>;

  Schedule(OnDue on_due, OnPutBack on_put_back, Now now);
  ~Schedule();
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  void put(Key key, const Due& due);
  /// False: it is not there, or was due just now.
  bool remove(Key key);
  /// Looks at the clocks now.
  void look();
  /// Nothing is called any more when it returns.
  void stop();

 private:
  void run();
  std::vector<Key> take_due();  // under mutex_
  bool has_been_put_back();     // likewise
  [[nodiscard]] std::chrono::steady_clock::time_point next_look(const Moment& now) const;

  const OnDue on_due_;
  const OnPutBack on_put_back_;
  const Now now_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::set<std::pair<std::chrono::steady_clock::time_point, Key>> steady_;
  std::set<std::pair<std::chrono::system_clock::time_point, Key>> wall_;
  std::map<Key, Due> dues_;
  Moment seen_;  // at the last look
  bool is_changed_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace mortise::tasks
