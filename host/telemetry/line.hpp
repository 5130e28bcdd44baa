// How one line of the log looks. Pure functions; invariant: a line holds no control character but those that its
// own format puts there, so nothing that is logged can fake a second line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/log.hpp"

namespace mortise::telemetry {

/// Borrows everything; lives for one call.
struct Line {
  std::int64_t time_ms = 0;  // since the epoch
  Level level = Level::info;
  std::string_view source;
  std::string_view message;
  std::vector<Field> fields;
};

/// "2026-11-23 17:00:01.123 info    catalog: message key=value"; UTC.
std::string to_text(const Line& line, bool is_coloured);

/// {"time":"2026-11-23T17:00:01.123Z","level":"info",...}; bytes that are no UTF-8 become U+FFFD. A field that is
/// called like a fixed key is written as "field.NAME".
std::string to_json(const Line& line);

/// The members of the JSON object behind time and source: {"time":"2026-11-23T17:00:01.123Z","source":"access",...}.
std::string to_access_line(std::int64_t time_ms, std::string_view json);

const char* to_string(Level level);

}  // namespace mortise::telemetry
