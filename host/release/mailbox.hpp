// What reaches the release thread from others. Generations' deleters share it, since one may come back after the runner
// has gone.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "runtime/generation.hpp"

namespace mortise::release {

/// Every member is guarded by `mutex`.
struct Mailbox {
  using Clock = std::chrono::steady_clock;

  std::mutex mutex;
  std::condition_variable changed;
  bool is_woken = false;
  bool is_distrusting = false;  // the look is to be at everything
  bool is_stop_begun = false;
  bool is_ending = false;
  bool are_hooks_done = false;
  bool is_closed = false;  // the release thread takes nothing more from `reaped`
  std::vector<runtime::Generation*> reaped;
  // What others have asked for: called with true by the release thread, with false once that takes no more.
  std::deque<std::function<void(bool)>> requests;

  void post(bool Mailbox::*flag) {
    {
      const std::lock_guard lock(mutex);
      this->*flag = true;
    }
    changed.notify_all();
  }

  void wait_for(bool Mailbox::*flag) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return this->*flag; });
  }

  /// How long the release thread may be at something else before it turns to a request.
  struct Patience {
    Clock::time_point deadline = Clock::time_point::max();
    std::stop_token giving_up{};
  };

  /// Has the release thread answer, and waits for it. A request that it has not turned to in time is never answered:
  /// then the error is `deadline_exceeded` or `cancelled`. `unavailable` once the stop has begun.
  template <class T>
  base::Result<T> ask(std::function<base::Result<T>()> question, const Patience& patience) {
    const auto asked = std::make_shared<Asked<T>>();
    {
      const std::lock_guard lock(mutex);
      if (is_stop_begun) return is_stopping();
      requests.push_back([this, asked, question = std::move(question)](bool is_served) {
        {
          const std::lock_guard own(mutex);
          if (asked->is_given_up) return;
          asked->is_begun = true;
        }
        auto answer = is_served ? question() : base::Result<T>(is_stopping());
        const std::lock_guard own(mutex);
        asked->answer = std::move(answer);
        changed.notify_all();
      });
    }
    changed.notify_all();
    const std::stop_callback waking(patience.giving_up, [this] {
      const std::lock_guard lock(mutex);  // or who is about to wait would not hear it
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait_until(lock, patience.deadline,
                       [&] { return asked->answer || (!asked->is_begun && patience.giving_up.stop_requested()); });
    changed.wait(lock, [&] { return asked->answer || !asked->is_begun; });
    if (asked->answer) return std::move(*asked->answer);
    asked->is_given_up = true;
    if (patience.giving_up.stop_requested()) return base::Error{base::ErrorCode::cancelled, "the host is stopping"};
    return base::Error{base::ErrorCode::deadline_exceeded,
                       "what was under way did not end in time, most likely the start of a plugin; see `mortise "
                       "status` and the log, and ask again"};
  }

 private:
  template <class T>
  struct Asked {
    bool is_begun = false;
    bool is_given_up = false;
    std::optional<base::Result<T>> answer;
  };

  static base::Error is_stopping() { return {base::ErrorCode::unavailable, "the host is stopping"}; }
};

}  // namespace mortise::release
