#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.hpp"
#include "config/object_reader.hpp"

namespace mortise::config {
namespace {

constexpr std::string_view kConfigPointer = "/config";

/// The places at and below /config, by pointers that start there.
std::map<std::string, std::size_t> lines_of_config(const JsonText& text) {
  std::map<std::string, std::size_t> lines;
  for (const auto& [pointer, place] : text.places) {
    const bool is_below = pointer.compare(0, kConfigPointer.size() + 1, "/config/") == 0;
    if (is_below || pointer == kConfigPointer) lines[pointer.substr(kConfigPointer.size())] = place.line;
  }
  return lines;
}

void load_one(const std::string& file, base::Files& files, LoadedPlugins& loaded) {
  PluginConfig plugin;
  plugin.name = base::file_stem(file);
  plugin.file = file;
  if (!base::is_plugin_name(plugin.name)) {
    loaded.problems.push_back({file,
                               0,
                               {},
                               "'" + plugin.name +
                                   "' is no plugin name; rename the file: lower-case "
                                   "letters, digits and '-', a letter first, at most 64"});
    return;
  }
  auto text = read_json_file(file, files);
  std::vector<Diagnostic> problems = text.problems;
  if (text.value) {
    ObjectReader reader(text, *text.value, "", problems);
    reader.boolean("enabled", plugin.enabled);
    reader.text("version", plugin.version);
    const auto* config = reader.raw_object("config");
    reader.finish();
    plugin.config = std::make_shared<const nlohmann::json>(config == nullptr ? nlohmann::json::object() : *config);
    plugin.config_text = plugin.config->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    plugin.config_lines = lines_of_config(text);
  }
  if (problems.empty()) {
    loaded.plugins.push_back(std::move(plugin));
  } else {
    loaded.problems.insert(loaded.problems.end(), problems.begin(), problems.end());
  }
}

}  // namespace

LoadedPlugins load_plugin_configs(const std::filesystem::path& directory, base::Files& files) {
  LoadedPlugins loaded;
  const auto found = files.list(directory, ".json");
  if (!found) {
    loaded.problems.push_back(
        {directory, 0, {}, found.error().message + "; create it, or set plugins_directory in mortise.json"});
    return loaded;
  }
  for (const auto& file : *found) load_one(file, files, loaded);
  return loaded;
}

}  // namespace mortise::config
