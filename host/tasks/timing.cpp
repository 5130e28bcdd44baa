#include "tasks/timing.hpp"

#include <algorithm>

namespace mortise::tasks {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::chrono::hours kLongestDelay{24 * 366};

}  // namespace

base::Result<Timing> Timing::make(std::chrono::milliseconds delay, std::chrono::milliseconds every,
                                  std::string_view cron, std::string_view time_zone) {
  Timing timing;
  if (!cron.empty()) {
    if (delay.count() != 0 || every.count() != 0) {
      return Error{ErrorCode::invalid_argument,
                   "goes by a calendar, and has a delay or an interval as well; leave one"};
    }
    auto parsed = Cron::parse(cron, time_zone);
    if (!parsed) return parsed.error();
    timing.cron_ = std::move(*parsed);
    return timing;
  }
  if (!time_zone.empty()) {
    return Error{ErrorCode::invalid_argument, "has a time zone, and no calendar to go by"};
  }
  if (delay.count() < 0 || every.count() < 0 || delay > kLongestDelay || every > kLongestDelay) {
    return Error{ErrorCode::invalid_argument, "its delay or interval is longer than a year"};
  }
  timing.delay_ = delay;
  timing.every_ = every;
  return timing;
}

Due Timing::first(const Moment& now) const {
  if (cron_) return {.steady = {}, .wall = cron_->next(now.wall)};
  return {.steady = now.steady + delay_};
}

Due Timing::next(const Due& due, const Moment& now) const {
  if (cron_) {
    const auto ran_at = due.wall.value_or(now.wall);
    return {.steady = {}, .wall = cron_->next(ran_at > now.wall + kLeap ? now.wall : std::max(now.wall, ran_at))};
  }
  return {.steady = std::max(due.steady + every_, now.steady)};
}

}  // namespace mortise::tasks
