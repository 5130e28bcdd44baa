// Times by a calendar: "30 6 * * MON-FRI" in a time zone.
#pragma once

#include <bitset>
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mortise::tasks {

/// Immutable; any thread. Minute, hour, day of the month, month, day of the week, each "*", a number, a name (JAN,
/// MON), a range, a list, or steps ("*/15"). Where day and weekday are both given, either will do, as cron has it.
class Cron {
 public:
  using Time = std::chrono::system_clock::time_point;

  /// Refuses what never comes. `time_zone` as the system names it ("Europe/Berlin"); empty: UTC.
  static base::Result<Cron> parse(std::string_view text, std::string_view time_zone);

  /// The first one later than that. What the clock leaps over when it is put forward comes right after the leap; of
  /// what it shows twice when it is put back, the first one counts, unless it comes every hour.
  [[nodiscard]] Time next(Time after) const;

 private:
  using Minutes = std::chrono::sys_time<std::chrono::minutes>;

  Cron() = default;
  [[nodiscard]] bool has_day(std::chrono::local_days day) const;
  [[nodiscard]] Minutes next_by_minutes(Minutes after) const;
  [[nodiscard]] Minutes next_by_days(Minutes after) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     // from 1
  std::bitset<13> months_;   // from 1
  std::bitset<7> weekdays_;  // Sunday is 0
  bool is_any_day_ = true;
  bool is_any_weekday_ = true;
  std::string zone_;  // empty: UTC
};

}  // namespace mortise::tasks
