#include "runtime/alarm.hpp"

#include <algorithm>
#include <vector>

namespace mortise::runtime {

Alarm::~Alarm() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Alarm::wake_at(const std::shared_ptr<Sleeper>& sleeper, Clock::time_point time) {
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_) return;
    const auto [found, is_new] = entries_.try_emplace(sleeper.get(), Entry{time, sleeper});
    const bool is_of_another = !is_new && found->second.sleeper.expired();  // that lay at the same place
    if (!is_new && !is_of_another && found->second.time <= time) return;
    found->second = {time, sleeper};
  }
  changed_.notify_all();
}

void Alarm::run() {
  std::unique_lock lock(mutex_);
  while (!is_ending_) {
    auto next = Clock::time_point::max();
    std::vector<std::shared_ptr<Sleeper>> due;
    const auto now = Clock::now();
    for (auto at = entries_.begin(); at != entries_.end();) {
      if (at->second.time > now) {
        next = std::min(next, at->second.time);
        ++at;
        continue;
      }
      if (auto sleeper = at->second.sleeper.lock()) due.push_back(std::move(sleeper));
      at = entries_.erase(at);
    }
    if (!due.empty()) {
      lock.unlock();
      for (const auto& sleeper : due) sleeper->wake();
      due.clear();  // may be the last to hold one
      lock.lock();
    } else if (next == Clock::time_point::max()) {
      changed_.wait(lock);
    } else {
      changed_.wait_until(lock, next);
    }
  }
}

}  // namespace mortise::runtime
