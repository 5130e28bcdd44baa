// Who answers: the handler, or the host when the handler's time is up, or, before its turn has come, when the request
// has waited too long. See Exchange::Claim.
#include "http/connection.hpp"
#include "http/exchange.hpp"
#include "runtime/scope.hpp"

namespace mortise::http {

void Exchange::arm(Claim state, Time deadline) {
  deadline_.store(deadline, std::memory_order_relaxed);
  until_.store(deadline, std::memory_order_relaxed);
  // Another number each time: whoever has looked before takes nothing of what comes after.
  const auto next = claim_.load(std::memory_order_relaxed) + kClaimStates;
  claim_.store(with(next, state), std::memory_order_release);
}

bool Exchange::change_claim(Claim from, Claim to) noexcept {
  auto claim = claim_.load(std::memory_order_relaxed);
  return state_of(claim) == from &&
         claim_.compare_exchange_strong(claim, with(claim, to), std::memory_order_acq_rel, std::memory_order_relaxed);
}

bool Exchange::take_turn(bool is_open) noexcept {
  return change_claim(Claim::waiting, is_open ? Claim::open : Claim::taken);
}

bool Exchange::take_turn_if_due(Time now) noexcept {
  auto claim = claim_.load(std::memory_order_acquire);  // before the deadline: both are of one request, or it fails
  return state_of(claim) == Claim::waiting && is_due(now) &&
         claim_.compare_exchange_strong(claim, with(claim, Claim::taken), std::memory_order_acq_rel);
}

/// For the handler's first answer. False: there is one, or the deadline has passed, or is just passing.
bool Exchange::take() noexcept {
  return state_of(claim_.load(std::memory_order_relaxed)) == Claim::taken || change_claim(Claim::open, Claim::taken);
}

/// For the chain, when the handler has returned.
bool Exchange::take_back() noexcept { return take() || change_claim(Claim::answered, Claim::taken); }

std::uint64_t Exchange::time_left_ms() const noexcept {
  return runtime::time_left_ms(until_.load(std::memory_order_relaxed));
}

void Exchange::note_client_gone() noexcept { until_.store(runtime::Scope::kUnheard, std::memory_order_relaxed); }

bool Exchange::is_client_gone() const noexcept {
  return until_.load(std::memory_order_relaxed) == runtime::Scope::kUnheard;
}

/// Under the mutex.
void Exchange::answer_timeout() {
  context_.keep_alive = false;
  const auto before = pending_.size();
  write_problem(pending_, dated(), 504, "the plugin that serves this did not answer within its deadline");
  note(504, pending_.size() - before);
}

/// Under the mutex: makes an exchange shared that a handler holds. What it has answered goes out while it runs on.
bool Exchange::expire_unshared(Time now) {
  auto claim = claim_.load(std::memory_order_acquire);
  const auto state = state_of(claim);
  if (!is_due(now) || (state != Claim::open && state != Claim::answered)) return false;
  if (!claim_.compare_exchange_strong(claim, with(claim, Claim::expired), std::memory_order_acq_rel)) return false;
  share_locked();
  if (state == Claim::open) answer_timeout();
  context_.keep_alive = false;
  connection_.count_timeout(is_handler_running_);
  schedule_flush();
  return true;
}

std::function<void()> Exchange::expire(Time now) {
  const std::lock_guard lock(mutex_);
  if (!is_shared()) {
    expire_unshared(now);
    return {};
  }
  if (!is_open_ || progress_ != Progress::fresh || is_unheard() || !is_due(now)) return {};
  claim_.store(with(claim_.load(std::memory_order_relaxed), Claim::expired), std::memory_order_release);
  answer_timeout();
  connection_.count_timeout(is_handler_running_);
  schedule_flush();
  changed_.notify_all();
  return take_close_callback();
}

}  // namespace mortise::http
