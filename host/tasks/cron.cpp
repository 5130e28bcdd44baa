#include "tasks/cron.hpp"

#include <date/tz.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "base/strings.hpp"

namespace mortise::tasks {
namespace {

using base::Error;
using base::ErrorCode;
using namespace std::chrono_literals;

// Among so many years each day of the month falls on each weekday, the 29th of February included.
constexpr std::chrono::days kLongest{366 * 40};

constexpr std::array kMonthNames{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array kDayNames{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

/// One of the five fields.
struct Field {
  const char* what;
  unsigned least;
  unsigned most;
  std::span<const char* const> names{};
  unsigned first_name = 0;  // its number
};
constexpr Field kMinute{.what = "minute", .least = 0, .most = 59};
constexpr Field kHour{.what = "hour", .least = 0, .most = 23};
constexpr Field kDay{.what = "day", .least = 1, .most = 31};
constexpr Field kMonth{.what = "month", .least = 1, .most = 12, .names = kMonthNames, .first_name = 1};
constexpr Field kWeekday{.what = "weekday", .least = 0, .most = 7, .names = kDayNames, .first_name = 0};

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(by);
    if (end != 0 || by != ' ') parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (by == ' ') std::erase(parts, std::string_view());
  return parts;
}

std::optional<unsigned> parse_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

bool is_name(std::string_view text, std::string_view name) {
  return std::equal(text.begin(), text.end(), name.begin(), name.end(),
                    [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b; });
}

std::optional<unsigned> parse_value(std::string_view text, const Field& field) {
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (is_name(text, field.names[i])) return static_cast<unsigned>(i) + field.first_name;
  }
  const auto number = parse_number(text);
  if (!number || *number < field.least || *number > field.most) return std::nullopt;
  return number;
}

/// "*/2", "1-5", "7": one element of a list. False: it is none.
template <class Set>
bool add_element(std::string_view text, const Field& field, const Set& set) {
  const auto slash = text.find('/');
  unsigned step = 1;
  if (slash != std::string_view::npos) {
    const auto parsed = parse_number(text.substr(slash + 1));
    if (!parsed || *parsed == 0) return false;
    step = *parsed;
    text = text.substr(0, slash);
  }
  unsigned first = field.least;
  unsigned last = field.most;
  if (text != "*") {
    const auto dash = text.find('-');
    const auto begin = parse_value(text.substr(0, dash), field);
    if (!begin) return false;
    first = *begin;
    if (dash != std::string_view::npos) {
      const auto end = parse_value(text.substr(dash + 1), field);
      if (!end || *end < first) return false;
      last = *end;
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  for (auto value = first; value <= last; value += step) set(value);
  return true;
}

template <class Set>
base::Result<void> parse_field(std::string_view text, const Field& field, const Set& set) {
  for (const auto element : split(text, ',')) {
    if (add_element(element, field, set)) continue;
    return Error{ErrorCode::invalid_argument,
                 std::string("the ") + field.what + " '" + base::printable(text) +
                     "' is none; write \"*\", a number from " + std::to_string(field.least) + " to " +
                     std::to_string(field.most) +
                     (field.names.empty() ? "" : std::string(" or a name like ") + field.names[1]) +
                     ", a range \"1-5\", a list \"1,3\" or steps \"*/10\""};
  }
  return {};
}

/// UTC, or the system's.
class Zone {
 public:
  explicit Zone(const std::string& name) : zone_(name.empty() ? nullptr : date::locate_zone(name)) {}

  [[nodiscard]] date::local_time<std::chrono::minutes> to_local(date::sys_time<std::chrono::minutes> time) const {
    if (zone_ == nullptr) return date::local_time<std::chrono::minutes>(time.time_since_epoch());
    return date::floor<std::chrono::minutes>(zone_->to_local(time));
  }
  /// Of a time that there is not, that of the leap over it; of one that there is twice, the first.
  [[nodiscard]] date::sys_time<std::chrono::minutes> to_sys(date::local_time<std::chrono::minutes> time) const {
    if (zone_ == nullptr) return date::sys_time<std::chrono::minutes>(time.time_since_epoch());
    return date::ceil<std::chrono::minutes>(zone_->to_sys(time, date::choose::earliest));
  }

 private:
  const date::time_zone* zone_;
};

}  // namespace

base::Result<Cron> Cron::parse(std::string_view text, std::string_view time_zone) {
  const auto fields = split(text, ' ');
  constexpr std::size_t kFields = 5;
  if (fields.size() != kFields) {
    return Error{ErrorCode::invalid_argument, "'" + base::printable(text) + "' has " + std::to_string(fields.size()) +
                                                  " fields; there are five: minute, hour, day, month, weekday"};
  }
  Cron cron;
  cron.zone_ = time_zone;
  cron.is_any_day_ = fields[2] == "*";
  cron.is_any_weekday_ = fields[4] == "*";
  constexpr unsigned kWeek = 7;
  for (const auto& parsed :
       {parse_field(fields[0], kMinute, [&](unsigned value) { cron.minutes_.set(value); }),
        parse_field(fields[1], kHour, [&](unsigned value) { cron.hours_.set(value); }),
        parse_field(fields[2], kDay, [&](unsigned value) { cron.days_.set(value); }),
        parse_field(fields[3], kMonth, [&](unsigned value) { cron.months_.set(value); }),
        parse_field(fields[4], kWeekday, [&](unsigned value) { cron.weekdays_.set(value % kWeek); })}) {
    if (!parsed) return parsed.error();
  }
  try {
    const Zone known(cron.zone_);
  } catch (const std::runtime_error&) {
    return Error{ErrorCode::invalid_argument, "the system knows no time zone '" + base::printable(time_zone) +
                                                  "'; write one of /usr/share/zoneinfo, such as \"Europe/Berlin\" "
                                                  "(package tzdata)"};
  }
  if (cron.next(Time()) == Time::max()) {
    return Error{ErrorCode::invalid_argument, "'" + base::printable(text) + "' names a day that never comes"};
  }
  return cron;
}

Cron::Time Cron::next(Time after) const {
  const auto minute = std::chrono::floor<std::chrono::minutes>(after);
  // One that comes in each hour goes by the time that passes, whatever the clock shows.
  const auto found = hours_.all() ? next_by_minutes(minute) : next_by_days(minute);
  return found == Minutes::max() ? Time::max() : Time(found);
}

bool Cron::has_day(std::chrono::local_days day) const {
  const std::chrono::year_month_day date{day};
  const std::chrono::weekday weekday{day};
  if (!months_.test(static_cast<unsigned>(date.month()))) return false;
  const bool is_day = days_.test(static_cast<unsigned>(date.day()));
  const bool is_weekday = weekdays_.test(weekday.c_encoding());
  if (is_any_day_ || is_any_weekday_) return is_day && is_weekday;
  return is_day || is_weekday;
}

Cron::Minutes Cron::next_by_minutes(Minutes after) const {
  const Zone zone(zone_);
  const auto end = after + kLongest;
  for (auto time = after + 1min; time < end;) {
    const auto local = zone.to_local(date::sys_time<std::chrono::minutes>(time.time_since_epoch()));
    const auto day = date::floor<date::days>(local);
    if (!has_day(std::chrono::local_days(std::chrono::days(day.time_since_epoch().count())))) {
      // To the end of that day, or as near as leaps of the clock allow.
      constexpr auto kLargestLeap = 180min;
      const auto left = std::chrono::minutes(day + date::days(1) - local);
      time += std::max(left - kLargestLeap, 1min);
      continue;
    }
    const auto minute = static_cast<std::size_t>((local - date::floor<std::chrono::hours>(local)).count());
    if (minutes_.test(minute)) return time;
    time += 1min;
  }
  return Minutes::max();
}

Cron::Minutes Cron::next_by_days(Minutes after) const {
  const Zone zone(zone_);
  const auto local = zone.to_local(date::sys_time<std::chrono::minutes>(after.time_since_epoch()));
  const auto first = date::floor<date::days>(local);
  // From the day before: what a leap has moved may be of it.
  for (auto day = first - date::days(1); day < first + date::days(kLongest.count()); day += date::days(1)) {
    if (!has_day(std::chrono::local_days(std::chrono::days(day.time_since_epoch().count())))) continue;
    for (unsigned hour = 0; hour < hours_.size(); ++hour) {
      if (!hours_.test(hour)) continue;
      for (unsigned minute = 0; minute < minutes_.size(); ++minute) {
        if (!minutes_.test(minute)) continue;
        const auto shown = day + std::chrono::hours(hour) + std::chrono::minutes(minute);
        const auto time = Minutes(zone.to_sys(shown).time_since_epoch());
        if (time > after) return time;
      }
    }
  }
  return Minutes::max();
}

}  // namespace mortise::tasks
