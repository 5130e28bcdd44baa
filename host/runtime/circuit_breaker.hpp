// Stops asking a plugin that fails, and tries now and then whether it answers again.
#pragma once

#include <chrono>
#include <cstdint>

namespace mortise::runtime {

struct CircuitLimits {
  std::uint64_t requests = 20;      // in a window before anything is concluded
  unsigned max_error_percent = 50;  // of them; 100: never opens
  std::chrono::milliseconds window{10000};
  std::chrono::milliseconds open_for{5000};  // before it is tried again
  unsigned probes = 3;                       // that must succeed, one after the other, to close
};

/// State     | entered by                                            | next
/// closed    | construction; enough probes have succeeded; close()   | open
/// open      | too many failures in a window; a failed probe         | half_open
/// half_open | the end of open_for                                   | closed, open
///
/// A window begins with a failure, and it is a failure that opens; nothing is counted of a plugin that has none.
/// Moments are the caller's, which also keeps calls from overlapping.
class CircuitBreaker {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State { closed, open, half_open };
  enum class Admission { pass, probe, refused };
  enum class Outcome { success, failure, unknown };

  void set(const CircuitLimits& limits) noexcept { limits_ = limits; }

  /// Whether a request may go on. Of a probe the outcome must be told.
  Admission admit(Time now) noexcept;
  /// What came of one that was let pass. True: that has opened it.
  bool note(bool is_failure, Time now) noexcept;
  /// What came of a probe. True: that has closed it.
  bool end_probe(Outcome outcome, Time now) noexcept;
  /// Closes it, and forgets what was counted.
  void close() noexcept;

  [[nodiscard]] State state(Time now) const noexcept {
    return state_ == State::open && !is_to_wait(now) ? State::half_open : state_;
  }
  /// Closed, and no window has begun: a success need not be told.
  [[nodiscard]] bool is_quiet() const noexcept { return state_ == State::closed && answers_ == 0; }
  /// Until the next probe, when open; at least a second otherwise, for clients that were refused.
  [[nodiscard]] std::chrono::seconds retry_after(Time now) const noexcept;
  // Of the window that is or that opened it.
  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

 private:
  [[nodiscard]] bool is_to_wait(Time now) const noexcept { return now - since_ < limits_.open_for; }
  void open(Time now) noexcept;

  CircuitLimits limits_;
  State state_ = State::closed;  // stays open until the first request of the half-open time
  std::uint64_t answers_ = 0;
  std::uint64_t failures_ = 0;
  Time since_{};  // the window's begin, or when it opened
  bool is_probing_ = false;
  unsigned succeeded_ = 0;  // probes
};

const char* to_string(CircuitBreaker::State state);

}  // namespace mortise::runtime
