#include "telemetry/line.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace mortise::telemetry {
namespace {

std::string timestamp(std::int64_t time_ms, const char* format, const char* tail) {
  const std::time_t seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> day{};
  std::strftime(day.data(), day.size(), format, &parts);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(time_ms % 1000));
  return std::string(day.data()) + fraction.data() + tail;
}

std::string json_time(std::int64_t time_ms) { return timestamp(time_ms, "%Y-%m-%dT%H:%M:%S", "Z"); }

const char* colour_of(Level level) {
  switch (level) {
    case Level::debug: return "\x1b[2m";
    case Level::info: return "\x1b[32m";
    case Level::warning: return "\x1b[33m";
    case Level::error: return "\x1b[31m";
  }
  return "";
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Control characters, and the escape byte of terminals with them, become \n, \t or \xNN.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (!is_control(c)) {
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      std::array<char, 8> code{};
      std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
      out += code.data();
    }
  }
}

void append_value(std::string& out, std::string_view value) {
  const bool is_plain = value.find_first_of(" \"=") == std::string_view::npos;
  if (is_plain) return append_escaped(out, value);
  std::string quoted;
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  out += '"';
  append_escaped(out, quoted);
  out += '"';
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_fixed_key(std::string_view key) {
  return key == "time" || key == "level" || key == "source" || key == "message";
}

}  // namespace

const char* to_string(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

std::string to_text(const Line& line, bool is_coloured) {
  constexpr std::size_t kLevelWidth = 8;
  std::string out = timestamp(line.time_ms, "%Y-%m-%d %H:%M:%S", " ");
  std::string level = to_string(line.level);
  level.resize(kLevelWidth, ' ');
  out += is_coloured ? colour_of(line.level) + level + "\x1b[0m" : level;
  append_escaped(out, line.source);
  out += ": ";
  append_escaped(out, line.message);
  for (const auto& field : line.fields) {
    out += ' ';
    append_escaped(out, field.key);
    out += '=';
    append_value(out, field.value);
  }
  return out;
}

std::string to_json(const Line& line) {
  std::string out = R"({"time":")" + json_time(line.time_ms) + R"(","level":")" + to_string(line.level) +
                    R"(","source":)" + json_string(line.source) + R"(,"message":)" + json_string(line.message);
  std::vector<std::string_view> written;
  for (const auto& field : line.fields) {
    if (std::find(written.begin(), written.end(), field.key) != written.end()) continue;  // the first one holds
    written.push_back(field.key);
    const auto key = is_fixed_key(field.key) ? "field." + std::string(field.key) : std::string(field.key);
    out += ',' + json_string(key) + ':' + json_string(field.value);
  }
  return out + '}';
}

std::string to_access_line(std::int64_t time_ms, std::string_view json) {
  return R"({"time":")" + json_time(time_ms) + R"(","source":"access",)" + std::string(json.substr(1));
}

}  // namespace mortise::telemetry
