#include "release/handover.hpp"

#include <atomic>
#include <optional>
#include <string>
#include <utility>

#include "runtime/offers.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {
namespace {

using runtime::Generation;
using runtime::GenerationPtr;
using runtime::State;
using runtime::StatePart;
using telemetry::Level;

std::string to_text(const Generation& generation) {
  return generation.version_text() + " (generation " + generation.number_text() + ")";
}

/// What the hooks of one pair came to. Shared with them, since they may overstay.
struct Attempt {
  std::atomic<const char*> hook{"health check"};  // that runs; constants
  base::Result<void> result;
};

/// [control thread]
base::Result<void> hand_over(Generation& from, Generation& to, StatePart part, Attempt& attempt) {
  const bool is_rest = part == StatePart::rest;
  attempt.hook = is_rest ? "export_rest" : "export_snapshot";
  const auto exported = runtime::export_state(from, part);
  if (!exported) return exported.error().in("the state of " + to_text(from) + " cannot be taken over");
  if (!*exported || (is_rest && (*exported)->bytes.empty())) return {};

  attempt.hook = is_rest ? "import_rest" : "import_snapshot";
  const auto& state = **exported;
  const auto imported = runtime::import_state(to, part, state);
  const auto version = std::to_string(state.version);
  if (!imported) {
    return base::Error{imported.error().code, "state version " + version + " of " + to_text(from) +
                                                  " cannot be taken over: " + imported.error().message +
                                                  " (go there over a version that takes it)"};
  }
  telemetry::log(*imported ? Level::info : Level::warning, "release",
                 !*imported ? "state is dropped: nothing takes it"
                 : is_rest  ? "rest of state taken over"
                            : "state taken over",
                 {{"plugin", to.name()},
                  {"from", to_text(from)},
                  {"to", to_text(to)},
                  {"bytes", std::to_string(state.bytes.size())},
                  {"state_version", version}});
  return {};
}

/// [control thread]
base::Result<void> make_fit(Generation& fresh, GenerationPtr former, bool needs_state, Attempt& attempt) {
  if (former) {
    if (auto handed = hand_over(*former, fresh, StatePart::snapshot, attempt); !handed) {
      if (needs_state) return handed;
      telemetry::log(Level::error, "release", "state is lost on the way back",
                     {{"plugin", fresh.name()}, {"reason", handed.error().message}});
    }
    former.reset();  // a health check that overstays must not keep it from retiring
  }
  attempt.hook = "health check";
  return runtime::check_health(fresh);
}

base::Error overstayed(const Attempt& attempt, std::chrono::milliseconds limit) {
  return {
      base::ErrorCode::deadline_exceeded,
      std::string(attempt.hook) + " did not return within " + std::to_string(limit.count()) +
          " ms and was given up, and its thread stays stuck until the host restarts; raise init_timeout_ms if it only "
          "takes longer"};
}

}  // namespace

std::vector<base::Result<void>> Handover::prepare(const std::vector<Pair>& pairs) {
  std::vector<std::shared_ptr<Attempt>> attempts;
  std::vector<runtime::ControlThread::Hook> hooks;
  for (const auto& pair : pairs) {
    attempts.push_back(std::make_shared<Attempt>());
    hooks.push_back([fresh = pair.fresh, former = pair.former, needs_state = pair.needs_state,
                     attempt = attempts.back()]() mutable {
      attempt->result = make_fit(*fresh, std::move(former), needs_state, *attempt);
    });
  }
  const auto ended = control_.run_each(std::move(hooks), limit_, stopping_);
  std::vector<base::Result<void>> results;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (ended[i]) {
      results.push_back(attempts[i]->result);
    } else if (stopping_.stop_requested()) {
      results.emplace_back(base::Error{base::ErrorCode::aborted, "was not started to the end, since the host stops"});
    } else {
      results.emplace_back(overstayed(*attempts[i], limit_));
    }
  }
  return results;
}

void Handover::hand_over_rest(const std::shared_ptr<Generation>& gone, const GenerationPtr& heir) {
  const auto attempt = std::make_shared<Attempt>();
  const bool ended = control_.run(
      [gone, heir, attempt] { attempt->result = hand_over(*gone, *heir, StatePart::rest, *attempt); }, limit_);
  const auto result = ended ? attempt->result : overstayed(*attempt, limit_);
  if (result) return;
  telemetry::log(Level::error, "release", "what changed in a plugin's state during its upgrade is lost",
                 {{"plugin", gone->name()}, {"generation", gone->number_text()}, {"reason", result.error().message}});
}

}  // namespace mortise::release
