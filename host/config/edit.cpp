#include <nlohmann/json.hpp>

#include "base/strings.hpp"
#include "config/json_text.hpp"

namespace mortise::config {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;

/// The text with "enabled" set: the old value replaced, or the key put first in the object.
Result<std::string> with_enabled(const JsonText& parsed, const std::string& text, bool value) {
  if (!parsed.problems.empty()) {
    return Error{ErrorCode::failed_precondition, parsed.problems.front().to_string() + "; mend the file first"};
  }
  if (!parsed.value->is_object()) {
    return Error{ErrorCode::failed_precondition, parsed.fault("", "must be an object in braces; mend it").to_string()};
  }
  const std::string word = value ? "true" : "false";
  std::string edited = text;
  const auto old = parsed.value->find("enabled");
  if (old == parsed.value->end()) {
    const std::string newline = text.find("\r\n") == std::string::npos ? "\n" : "\r\n";
    const auto tail = parsed.value->empty() ? newline : std::string(",");
    return edited.insert(parsed.places.at("").end, newline + "  \"enabled\": " + word + tail);
  }
  if (!old->is_boolean()) {
    return Error{ErrorCode::failed_precondition,
                 parsed.fault("/enabled", "must be true or false; mend it by hand").to_string()};
  }
  const std::size_t size = old->get<bool>() ? 4 : 5;
  return edited.replace(parsed.places.at("/enabled").end - size, size, word);
}

}  // namespace

Result<void> set_enabled(const std::filesystem::path& directory, const std::string& name, bool value,
                         base::Files& files) {
  if (!base::is_plugin_name(name)) {
    return Error{ErrorCode::invalid_argument, "'" + name +
                                                  "' is no plugin name: lower-case letters, digits and '-', "
                                                  "a letter first, at most 64"};
  }
  constexpr mode_t kNewMode = 0644;
  constexpr mode_t kPermissions = 07777;
  const auto file = directory / (name + ".json");
  const auto text = files.read(file, kMaxConfigBytes);
  if (!text) {
    if (text.error().code != ErrorCode::not_found) return text.error();
    return files.write_atomically(file, std::string("{ \"enabled\": ") + (value ? "true" : "false") + " }\n", kNewMode,
                                  base::Durability::synced);
  }
  const auto edited = with_enabled(parse_json_text(file, *text), *text, value);
  if (!edited) return edited.error();
  if (*edited == *text) return {};
  const auto stamp = files.stamp(file);
  return files.write_atomically(file, *edited, stamp && stamp->is_regular() ? stamp->mode & kPermissions : kNewMode,
                                base::Durability::synced);
}

}  // namespace mortise::config
