// What keeps a plugin's trouble its own: the limits on what comes in through its routes, the circuit breaker, and the
// counts of both. One per generation. A plugin that is healthy and has no concurrency limit costs a look at one flag.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/bulkhead.hpp"
#include "runtime/circuit_breaker.hpp"
#include "runtime/log_limit.hpp"

namespace mortise::runtime {

/// As docs/configuration.md has them.
struct ContainmentLimits {
  std::uint32_t concurrency = 0;              // requests inside at once; 0: any number
  std::uint32_t queue = 64;                   // that wait for a place
  std::chrono::milliseconds deadline{60000};  // of a request, from its dispatch to its answer's beginning; 0: none
  unsigned threads = 0;                       // of the blocking pool, at a time; 0: half of them
  std::uint32_t log_lines = 1000;             // a second; 0: any number
  CircuitLimits circuit{};
};

/// What the admin is told.
struct ContainmentReport {
  CircuitBreaker::State circuit = CircuitBreaker::State::closed;
  std::string degraded;  // why; empty: it is not
  // At this moment:
  std::uint64_t in_flight = 0;  // 0 without a concurrency limit, which alone has them counted
  std::uint64_t waiting = 0;
  std::uint64_t stuck = 0;  // handlers that run on past their deadline
  // Since the generation began:
  std::uint64_t failures = 0;         // answers of 500 and more, timeouts among them
  std::uint64_t timeouts = 0;         // deadlines passed
  std::uint64_t rejected = 0;         // for want of a place or a thread
  std::uint64_t short_circuited = 0;  // turned away by the open circuit
  std::uint64_t circuit_opened = 0;   // how often
  std::uint64_t lines_dropped = 0;    // of its log
};

/// Any thread, but for set(). What it calls back it calls without its lock.
class Containment {
 public:
  using Time = CircuitBreaker::Time;

  /// What one request has had of it; belongs to whoever drives the request.
  class Pass {
   private:
    friend class Containment;
    bool has_place_ = false;  // or waits for one
    bool is_probe_ = false;
    bool is_stuck_ = false;
    std::uint64_t ticket_ = 0;
  };

  /// `plugin` and `generation` are for the log.
  Containment(std::string plugin, std::string generation);

  /// From now on; also for those inside. [release thread]
  void set(const ContainmentLimits& limits);
  [[nodiscard]] std::chrono::milliseconds deadline() const noexcept {
    return std::chrono::milliseconds(deadline_ms_.load(std::memory_order_relaxed));
  }

  /// As the limits have it.
  [[nodiscard]] unsigned threads() const noexcept { return threads_.load(std::memory_order_relaxed); }

  /// False: everybody may come in, and only failures are of interest.
  [[nodiscard]] bool is_active() const noexcept { return is_active_.load(std::memory_order_relaxed); }

  /// What has failed may have been another plugin's: closes the circuit, and begins to count anew.
  void forgive();

  enum class Admission { inside, waiting, full, broken };
  /// Whether a request may come in; to be followed by leave() unless refused. `make_waiter` is called, under the lock,
  /// for one that has to wait: what it returns is called when the turn comes.
  Admission admit(Pass& pass, Time now, const std::function<Bulkhead::Waiter()>& make_waiter);
  /// Gives up waiting. False: its turn has come meanwhile.
  bool withdraw(Pass& pass);

  /// What came of a request that was inside, at most once for each; nothing, when the client went before the answer.
  void note_answer(Pass& pass, unsigned http_status, Time now) {
    if (http_status < 500 && !is_active()) return;
    judge(pass, http_status >= 500, now);
  }
  /// The same for one whose deadline has passed. `is_inside`: its handler runs on, until leave().
  void note_timeout(Pass& pass, bool is_inside, Time now);
  /// There was no thread for it.
  void note_rejected() noexcept { rejected_.fetch_add(1, std::memory_order_relaxed); }
  /// It is over, whatever came of it.
  void leave(Pass& pass) noexcept {
    if (pass.has_place_ || pass.is_probe_ || pass.is_stuck_) return_pass(pass);
  }

  /// What the plugin writes into the log goes through here.
  LogLimit& log_limit() noexcept { return log_limit_; }

  /// For clients that were refused.
  [[nodiscard]] std::chrono::seconds retry_after(Time now) const;
  /// `late_elsewhere`: handlers that run on past their deadline in a process of the plugin's own.
  [[nodiscard]] ContainmentReport report(Time now, std::uint64_t late_elsewhere = 0) const;

 private:
  void judge(Pass& pass, bool is_failure, Time now);
  void return_pass(Pass& pass) noexcept;
  void refresh();
  void tell_opened() const;
  [[nodiscard]] std::string describe_failures() const;

  const std::string plugin_;
  const std::string generation_;

  // Values on their own, which the next request may see late: relaxed. So is the flag: whoever sees it late lets one
  // request more pass, or takes the lock for nothing.
  std::atomic<std::int64_t> deadline_ms_{ContainmentLimits{}.deadline.count()};
  std::atomic<unsigned> threads_{0};
  std::atomic<bool> is_active_{false};
  // Plain counts: relaxed.
  std::atomic<std::uint64_t> failures_{0};
  std::atomic<std::uint64_t> timeouts_{0};
  std::atomic<std::uint64_t> rejected_{0};
  std::atomic<std::uint64_t> short_circuited_{0};
  std::atomic<std::uint64_t> stuck_{0};

  LogLimit log_limit_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  Bulkhead bulkhead_;
  CircuitBreaker breaker_;
  std::uint64_t circuit_opened_ = 0;
};

}  // namespace mortise::runtime
