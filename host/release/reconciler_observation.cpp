// What runs is published once more so that calls between plugins are counted, and once more without that. No release:
// its number stays, and no generation starts or stops for it.
#include <algorithm>
#include <utility>

#include "base/duration.hpp"
#include "release/reconciler.hpp"
#include "telemetry/log.hpp"

namespace mortise::release {

using base::Error;
using base::ErrorCode;
using telemetry::Level;

base::Result<Reconciler::BegunObservation> Reconciler::begin_observation(std::chrono::milliseconds duration,
                                                                         const std::string& who) {
  if (observation_) {
    const auto left = std::max(std::chrono::ceil<std::chrono::seconds>(observation_->until() - Clock::now()),
                               std::chrono::seconds(1));
    return Error{ErrorCode::already_exists, "calls are being observed already, for another " +
                                                base::format_duration(left) + "; ask again when that is over"};
  }
  // Both releases would have to be published anew, and the requests of a client go back and forth between them.
  if (canary_) {
    return Error{ErrorCode::failed_precondition,
                 "release " + std::to_string(canary_->outcome.release) + ", a canary, gets " + canary_->share +
                     "; ask again when that is over, or end it with `mortise apply` or `mortise rollback`"};
  }
  if (const auto timed = trials_.find_timed(); !timed.empty()) {
    return Error{ErrorCode::failed_precondition,
                 timed +
                     " with a limit to how long its answers take, and observed calls take longer; ask again when "
                     "its trial is over"};
  }
  observation_ = std::make_unique<Observation>(++last_observation_, duration);
  contracts_.observe(observation_->calls());
  publish_release(ages_);
  observation_->begin();
  telemetry::log(Level::info, "release", "calls between plugins are observed",
                 {{"for", base::format_duration(duration)}, {"who", who}});
  return BegunObservation{.number = observation_->number(), .result = observation_->result()};
}

void Reconciler::end_observation(const std::string& why_early) {
  if (!observation_) return;
  const auto observation = std::move(observation_);
  std::vector<PluginStatus> running;
  for (const auto& [name, generation] : running_) running.push_back(describe(*generation));
  auto report = observation->report(running, why_early);
  contracts_.observe(nullptr);
  publish_release(ages_);
  telemetry::log(Level::info, "release", "calls between plugins are not observed any more",
                 {{"after", base::format_duration(report.window)}, {"reason", why_early}});
  observation->end(std::move(report));
}

void Reconciler::end_observation(std::uint64_t number, const std::string& why_early) {
  if (observation_ && observation_->number() == number) end_observation(why_early);
}

void Reconciler::give_up_observation() {
  if (!observation_) return;
  contracts_.observe(nullptr);
  std::exchange(observation_, nullptr)->give_up({ErrorCode::unavailable, "the host is stopping"});
}

/// True when one was over.
bool Reconciler::end_due_observation() {
  if (!observation_ || Clock::now() < observation_->until()) return false;
  end_observation({});
  return true;
}

/// Before something that it would disturb.
void Reconciler::make_way_for(const Trial& trial) {
  const auto is_timed = [](const Trial::Subject& subject) { return subject.limits.max_p95.has_value(); };
  if (!std::any_of(trial.subjects.begin(), trial.subjects.end(), is_timed)) return;
  end_observation("release " + std::to_string(trial.release) + " came, whose trial limits how long answers take");
}

}  // namespace mortise::release
