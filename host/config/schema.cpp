#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <nlohmann/json.hpp>
#include <optional>

#include "base/strings.hpp"
#include "config/json_text.hpp"

namespace mortise::config {
namespace {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

/// Valijson's path ("<root>", "[items]", "[0]") as JSON pointer.
std::string to_pointer(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i) {
    const auto& step = context[i];
    const bool is_bracketed = step.size() >= 2 && step.front() == '[' && step.back() == ']';
    pointer = join_pointer(pointer, is_bracketed ? step.substr(1, step.size() - 2) : step);
  }
  return pointer;
}

/// A complaint that only repeats one from further in.
bool is_echo(const valijson::ValidationResults::Error& error, const valijson::ValidationResults& all) {
  if (error.description.rfind("Failed to validate against schema associated with", 0) != 0 &&
      error.description.rfind("Failed to validate item", 0) != 0) {
    return false;
  }
  for (const auto& other : all) {
    if (other.context.size() > error.context.size()) return true;
  }
  return false;
}

std::string describe(const json& config, const std::string& pointer, std::string message) {
  constexpr std::size_t kMost = 80;
  if (!message.empty() && message.back() == '.') message.pop_back();
  const json::json_pointer at(pointer);
  if (pointer.empty() || !config.contains(at)) return message;
  const auto found = config.at(at).dump(-1, ' ', false, json::error_handler_t::replace);
  return found.size() > kMost ? message : message + "; found " + found;
}

/// The key that the schema does not have, when that is what valijson complains of.
std::optional<std::string> unknown_key(const std::string& complaint) {
  constexpr std::string_view kStart = "Object contains a property that could not be validated";
  constexpr std::string_view kBeforeKey = "constraints: '";
  const auto begin = complaint.find(kBeforeKey);
  const auto end = complaint.rfind('\'');
  if (complaint.rfind(kStart, 0) != 0 || begin == std::string::npos || end < begin + kBeforeKey.size()) {
    return std::nullopt;
  }
  return complaint.substr(begin + kBeforeKey.size(), end - begin - kBeforeKey.size());
}

/// "; did you mean 'page_size'?", from the keys that the schema has for the object at `pointer`.
std::string suggest(const std::string& key, const json& schema, const std::string& pointer) {
  std::string in_schema;
  for (const char c : pointer) in_schema += c == '/' ? "/properties/" : std::string(1, c);
  const json::json_pointer at(in_schema + "/properties");
  if (!schema.contains(at) || !schema.at(at).is_object()) return "; remove it";
  std::vector<std::string_view> keys;
  for (const auto& [known, value] : schema.at(at).items()) keys.push_back(known);
  const auto near = base::nearest(key, keys);
  return near.empty() ? "; remove it" : "; did you mean '" + std::string(near) + "'?";
}

Diagnostic place(const PluginConfig& plugin, const std::string& pointer, std::string message) {
  const auto line = plugin.config_lines.find(pointer);
  return {plugin.file, line == plugin.config_lines.end() ? 0 : line->second, "/config" + pointer, std::move(message)};
}

}  // namespace

std::vector<Diagnostic> check_against_schema(const PluginConfig& plugin, const json* schema) {
  const json empty = json::object();
  const json& config = plugin.config ? *plugin.config : empty;
  if (schema == nullptr) {
    if (config.empty()) return {};
    return {place(plugin, "", "the plugin '" + plugin.name + "' takes no config; remove it")};
  }
  std::vector<Diagnostic> faults;
  try {
    valijson::Schema compiled;
    valijson::SchemaParser().populateSchema(NlohmannJsonAdapter(*schema), compiled);
    valijson::ValidationResults results;
    if (valijson::Validator().validate(compiled, NlohmannJsonAdapter(config), &results)) return {};
    for (const auto& error : results) {
      if (is_echo(error, results)) continue;
      const auto pointer = to_pointer(error.context);
      if (const auto key = unknown_key(error.description)) {
        faults.push_back(
            place(plugin, join_pointer(pointer, *key),
                  "breaks the plugin's schema: unknown key '" + *key + "'" + suggest(*key, *schema, pointer)));
        continue;
      }
      faults.push_back(
          place(plugin, pointer, "breaks the plugin's schema: " + describe(config, pointer, error.description)));
    }
  } catch (const std::exception& error) {
    faults.push_back(place(plugin, "",
                           "the schema in the manifest of '" + plugin.name + "' is not valid: " + error.what() +
                               "; ask its team to mend it"));
  }
  return faults;
}

}  // namespace mortise::config
