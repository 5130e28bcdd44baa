#include "remote/endpoint.hpp"

#include <Poco/URI.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "runtime/retry_rules.hpp"

namespace mortise::remote {
namespace {

constexpr std::size_t kMostIdle = 64;
constexpr runtime::RetryRules kRetries{
    .attempts = 3, .first_pause = std::chrono::milliseconds(5), .longest_pause = std::chrono::milliseconds(50)};

// Of calls that came to a host that is only starting, which others behind the same URL may be done with: about a
// second.
constexpr std::uint32_t kMostWhileStarting = 20;
// That a host is not done sooner speaks against a caller that sets such a limit: it shall not open the circuit for all
// others.
constexpr std::chrono::milliseconds kFairTime{1000};

constexpr const char* kNotMadeAgain =
    "; it may have been carried out, and is not made again, as its contract does not say that it is idempotent";

bool may_try_again(const Attempt& attempt, const Call& call) {
  switch (attempt.end) {
    case Attempt::End::unsent: return true;
    case Attempt::End::unknown: return call.is_idempotent;
    default: return false;
  }
}

runtime::CircuitBreaker::Outcome to_outcome(Attempt::Sign sign) {
  using Outcome = runtime::CircuitBreaker::Outcome;
  switch (sign) {
    case Attempt::Sign::alive: return Outcome::success;
    case Attempt::Sign::changed:
    case Attempt::Sign::none: return Outcome::unknown;
    case Attempt::Sign::silent: return Outcome::failure;
  }
  return Outcome::unknown;
}

}  // namespace

Endpoint::Endpoint(const std::string& url, const runtime::CircuitLimits& circuit) : url_(url) {
  const Poco::URI parsed(url);
  host_ = parsed.getHost();
  port_ = parsed.getPort();
  circuit_.set(circuit);
  counts_.url = url;
}

Answer Endpoint::call(const Call& call) {
  bool has_arrived = false;
  const bool is_hurried = call.is_limited && call.deadline - Clock::now() < kFairTime;
  for (std::uint32_t made = 1;; ++made) {
    if (call.is_unheard() || call.deadline <= Clock::now()) return give_up(call, has_arrived);
    const auto admission = admit();
    if (admission == Admission::refused) return refuse(has_arrived);
    auto attempt = try_once(call);
    note(attempt, admission, made > 1, is_hurried);
    if (attempt.end == Attempt::End::answered) return std::move(attempt.answer);
    has_arrived = has_arrived || (attempt.end != Attempt::End::unsent && attempt.answer.has_arrived);
    const auto pause = kRetries.pause_after(made);
    const auto most = attempt.is_starting ? kMostWhileStarting : kRetries.attempts;
    if (made >= most || !may_try_again(attempt, call) || call.deadline - pause <= Clock::now()) {
      attempt.answer.has_arrived = has_arrived;
      attempt.answer.text = "the host at " + url_ + " could not be asked: " + attempt.answer.text;
      if (attempt.end == Attempt::End::unknown && !call.is_idempotent) attempt.answer.text += kNotMadeAgain;
      return std::move(attempt.answer);
    }
    std::this_thread::sleep_for(pause);
  }
}

loader::HostReport Endpoint::report() const {
  const std::lock_guard lock(mutex_);
  auto report = counts_;
  report.circuit = to_string(circuit_.state(Clock::now()));
  return report;
}

Attempt Endpoint::try_once(const Call& call) {
  auto connection = take_idle();
  if (!connection) {
    auto opened = Connection::open(host_, port_, call.deadline);
    if (!opened) {
      if (call.deadline <= Clock::now()) {
        auto attempt = late(call);
        attempt.answer.has_arrived = false;
        return attempt;
      }
      return {.end = Attempt::End::unsent,
              .sign = Attempt::Sign::silent,
              .answer = {.status = MORTISE_UNAVAILABLE, .text = std::move(opened).error().message}};
    }
    connection = std::move(*opened);
  }
  auto attempt = connection->carry(call);
  if (connection->is_whole()) give_back(std::move(connection));
  return attempt;
}

/// One that the other side has closed meanwhile is no use: the call would not arrive.
std::unique_ptr<Connection> Endpoint::take_idle() {
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const std::lock_guard lock(mutex_);
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    if (connection->is_fresh()) return connection;
  }
}

void Endpoint::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

Endpoint::Admission Endpoint::admit() {
  const std::lock_guard lock(mutex_);
  return circuit_.admit(Clock::now());
}

void Endpoint::note(const Attempt& attempt, Admission admission, bool is_retry, bool is_hurried) {
  using Outcome = runtime::CircuitBreaker::Outcome;
  const bool is_answered = attempt.end == Attempt::End::answered;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  ++(is_retry ? counts_.retries : counts_.calls);
  // The other host may have been the first to say so.
  const bool is_excused = is_hurried && !is_answered && attempt.answer.status == MORTISE_DEADLINE_EXCEEDED;
  if (attempt.end != Attempt::End::unheard && !is_excused) {
    counts_.failures += is_answered ? 0 : 1;
    counts_.trouble = is_answered ? std::string() : attempt.answer.text;
  }
  const bool has_broken = attempt.end == Attempt::End::unsent || attempt.end == Attempt::End::unknown;
  // Those to the host as it was would fail as well.
  if (has_broken && attempt.sign != Attempt::Sign::alive) idle_.clear();
  const auto outcome = is_excused ? Outcome::unknown : to_outcome(attempt.sign);
  if (admission == Admission::probe) {
    static_cast<void>(circuit_.end_probe(outcome, now));
  } else if (outcome != Outcome::unknown) {
    // The many calls that were inside one of several hosts when it ended say nothing of the others behind the URL.
    static_cast<void>(circuit_.note(attempt.sign == Attempt::Sign::silent, now));
  }
}

/// What is over before it is sent, the first time or once more, is not sent.
Answer Endpoint::give_up(const Call& call, bool has_arrived) const {
  const char* why =
      call.is_limited ? "the time that its caller gives it is over" : "the deadline of the request has passed";
  if (call.is_unheard()) why = "the client of the request has gone";
  return {.status = call.is_unheard() ? MORTISE_CANCELLED : MORTISE_DEADLINE_EXCEEDED,
          .text = "the host at " + url_ + " is not asked: " + why,
          .has_arrived = has_arrived};
}

Answer Endpoint::refuse(bool has_arrived) const {
  const std::lock_guard lock(mutex_);
  const auto wait = circuit_.retry_after(Clock::now());
  return {.status = MORTISE_UNAVAILABLE,
          .text = "the host at " + url_ + " is not asked for " + std::to_string(wait.count()) +
                  " s, as too many calls could not be made: " + counts_.trouble,
          .has_arrived = has_arrived};
}

}  // namespace mortise::remote
