#include "telemetry/crash_mark.hpp"

#include <algorithm>
#include <charconv>

namespace mortise::telemetry {

std::string CrashMark::to_string() const {
  auto text = signal + (address.empty() || (address == "0x0" && signal == "SIGABRT") ? "" : " at " + address);
  if (request_id.empty()) return text;
  text += ", in request " + request_id;
  if (entered != plugin) text += " to '" + entered + "'";
  if (!route.empty()) text += " (" + route + ")";
  return text;
}

CrashMark parse_crash_mark(std::string_view text) {
  CrashMark mark;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto key = line.substr(0, line.find(' '));
    const auto value = line.substr(std::min(line.size(), key.size() + 1));
    if (key == "signal") mark.signal = value;
    if (key == "address") mark.address = value;
    if (key == "entered") mark.entered = value;
    if (key == "plugin") mark.plugin = value;
    if (key == "generation") std::from_chars(value.data(), value.data() + value.size(), mark.generation);
    if (key == "sha256") mark.sha256 = value;
    if (key == "request") mark.request_id = value;
    if (key == "route") mark.route = value;
    if (key == "frame") mark.frames.emplace_back(value);
  }
  return mark;
}

}  // namespace mortise::telemetry
