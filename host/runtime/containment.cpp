#include "runtime/containment.hpp"

#include <utility>

#include "base/coarse_clock.hpp"
#include "telemetry/log.hpp"

namespace mortise::runtime {

using State = CircuitBreaker::State;
using Outcome = CircuitBreaker::Outcome;

Containment::Containment(std::string plugin, std::string generation)
    : plugin_(std::move(plugin)), generation_(std::move(generation)) {}

void Containment::set(const ContainmentLimits& limits) {
  deadline_ms_.store(limits.deadline.count(), std::memory_order_relaxed);
  threads_.store(limits.threads, std::memory_order_relaxed);
  log_limit_.set(limits.log_lines);
  std::vector<Bulkhead::Waiter> let_in;
  {
    const std::lock_guard lock(mutex_);
    breaker_.set(limits.circuit);
    let_in = bulkhead_.set(limits.concurrency, limits.queue);
    refresh();
  }
  for (const auto& waiter : let_in) waiter();
}

void Containment::forgive() {
  const std::lock_guard lock(mutex_);
  breaker_.close();
  refresh();
}

/// Under the mutex.
void Containment::refresh() {
  is_active_.store(bulkhead_.is_limited() || !breaker_.is_quiet(), std::memory_order_relaxed);
}

Containment::Admission Containment::admit(Pass& pass, Time now, const std::function<Bulkhead::Waiter()>& make_waiter) {
  const std::lock_guard lock(mutex_);
  const auto admission = breaker_.admit(now);
  if (admission == CircuitBreaker::Admission::refused) {
    short_circuited_.fetch_add(1, std::memory_order_relaxed);
    return Admission::broken;
  }
  pass.is_probe_ = admission == CircuitBreaker::Admission::probe;
  if (!bulkhead_.is_limited()) return Admission::inside;
  const auto entry = bulkhead_.enter(pass.ticket_, make_waiter);
  pass.has_place_ = entry != Bulkhead::Entry::full;
  if (entry == Bulkhead::Entry::inside) return Admission::inside;
  if (entry == Bulkhead::Entry::waiting) return Admission::waiting;
  rejected_.fetch_add(1, std::memory_order_relaxed);
  if (std::exchange(pass.is_probe_, false)) breaker_.end_probe(Outcome::unknown, now);
  return Admission::full;
}

bool Containment::withdraw(Pass& pass) {
  const std::lock_guard lock(mutex_);
  if (!bulkhead_.withdraw(pass.ticket_)) return false;
  pass.has_place_ = false;
  rejected_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Containment::judge(Pass& pass, bool is_failure, Time now) {
  if (is_failure) failures_.fetch_add(1, std::memory_order_relaxed);
  bool has_closed = false;
  bool has_opened = false;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(pass.is_probe_, false)) {
      has_closed = breaker_.end_probe(is_failure ? Outcome::failure : Outcome::success, now);
    } else {
      has_opened = breaker_.note(is_failure, now);
      circuit_opened_ += has_opened ? 1 : 0;
    }
    refresh();
  }
  if (has_opened) tell_opened();
  if (!has_closed) return;
  telemetry::log(telemetry::Level::info, "runtime", "circuit closed: the plugin answers again",
                 {{"plugin", plugin_}, {"generation", generation_}});
}

void Containment::tell_opened() const {
  std::string reason;
  {
    const std::lock_guard lock(mutex_);
    reason = describe_failures();
  }
  telemetry::log(telemetry::Level::error, "runtime", "circuit opened: the plugin is not asked for a while",
                 {{"plugin", plugin_}, {"generation", generation_}, {"reason", reason}});
}

/// Under the mutex.
std::string Containment::describe_failures() const {
  return std::to_string(breaker_.failures()) + " of " + std::to_string(breaker_.answers()) + " requests failed";
}

void Containment::note_timeout(Pass& pass, bool is_inside, Time now) {
  timeouts_.fetch_add(1, std::memory_order_relaxed);
  if (is_inside) {
    pass.is_stuck_ = true;
    stuck_.fetch_add(1, std::memory_order_relaxed);
  }
  judge(pass, true, now);
}

void Containment::return_pass(Pass& pass) noexcept {
  if (std::exchange(pass.is_stuck_, false)) stuck_.fetch_sub(1, std::memory_order_relaxed);
  std::optional<Bulkhead::Waiter> next;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(pass.has_place_, false)) next = bulkhead_.leave();
    if (std::exchange(pass.is_probe_, false)) breaker_.end_probe(Outcome::unknown, base::coarse_now());
  }
  if (next) (*next)();
}

std::chrono::seconds Containment::retry_after(Time now) const {
  const std::lock_guard lock(mutex_);
  return breaker_.retry_after(now);
}

ContainmentReport Containment::report(Time now, std::uint64_t late_elsewhere) const {
  ContainmentReport report;
  report.stuck = stuck_.load(std::memory_order_relaxed) + late_elsewhere;
  report.failures = failures_.load(std::memory_order_relaxed);
  report.timeouts = timeouts_.load(std::memory_order_relaxed);
  report.rejected = rejected_.load(std::memory_order_relaxed);
  report.lines_dropped = log_limit_.dropped();
  report.short_circuited = short_circuited_.load(std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  report.circuit = breaker_.state(now);
  report.in_flight = bulkhead_.inside();
  report.waiting = bulkhead_.waiting();
  report.circuit_opened = circuit_opened_;
  if (report.circuit != State::closed) {
    report.degraded = report.circuit == State::half_open
                          ? "its circuit is half-open: " + describe_failures() +
                                "; single requests are let through to see whether it answers again"
                          : "its circuit is open: " + describe_failures() + "; it is tried again in " +
                                std::to_string(breaker_.retry_after(now).count()) + " s";
  }
  if (report.stuck > 0) {
    report.degraded += (report.degraded.empty() ? "" : ". ") + std::to_string(report.stuck) +
                       (report.stuck == 1 ? " handler runs" : " handlers run") + " on past the deadline";
  }
  return report;
}

}  // namespace mortise::runtime
