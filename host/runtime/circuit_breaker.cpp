#include "runtime/circuit_breaker.hpp"

#include <algorithm>

namespace mortise::runtime {

const char* to_string(CircuitBreaker::State state) {
  switch (state) {
    case CircuitBreaker::State::closed: return "closed";
    case CircuitBreaker::State::open: return "open";
    case CircuitBreaker::State::half_open: return "half_open";
  }
  return "unknown";
}

CircuitBreaker::Admission CircuitBreaker::admit(Time now) noexcept {
  if (state_ == State::closed) return Admission::pass;
  if (state_ == State::open) {
    if (is_to_wait(now)) return Admission::refused;
    state_ = State::half_open;
    succeeded_ = 0;
  }
  if (is_probing_) return Admission::refused;
  is_probing_ = true;
  return Admission::probe;
}

bool CircuitBreaker::note(bool is_failure, Time now) noexcept {
  if (state_ != State::closed) return false;  // it was let pass before
  if (answers_ > 0 && now - since_ > limits_.window) close();
  if (answers_ == 0) {
    if (!is_failure) return false;
    since_ = now;
  }
  ++answers_;
  failures_ += is_failure ? 1 : 0;
  if (!is_failure || answers_ < limits_.requests || failures_ * 100 <= answers_ * limits_.max_error_percent)
    return false;
  open(now);
  return true;
}

bool CircuitBreaker::end_probe(Outcome outcome, Time now) noexcept {
  is_probing_ = false;
  if (state_ != State::half_open || outcome == Outcome::unknown) return false;
  if (outcome == Outcome::failure) {
    open(now);
    return false;
  }
  if (++succeeded_ < limits_.probes) return false;
  close();
  return true;
}

void CircuitBreaker::open(Time now) noexcept {
  state_ = State::open;
  since_ = now;
}

void CircuitBreaker::close() noexcept {
  state_ = State::closed;
  answers_ = 0;
  failures_ = 0;
}

std::chrono::seconds CircuitBreaker::retry_after(Time now) const noexcept {
  const std::chrono::seconds least(1);
  if (state_ != State::open) return least;
  return std::max(least, std::chrono::ceil<std::chrono::seconds>(since_ + limits_.open_for - now));
}

}  // namespace mortise::runtime
