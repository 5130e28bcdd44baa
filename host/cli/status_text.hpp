// What the running host says of its plugins, as people read it: from the objects of docs/control-api.md.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace mortise::cli {

/// The release that runs, and a table of the plugins.
void print_status(const nlohmann::ordered_json& status, std::ostream& out);

/// Everything about one plugin: {"release", "plugins", "files", "history"}: what runs of it and what failed, its files
/// in the drop directory, the attempts that changed it. Null in all when nothing of that name is known.
nlohmann::ordered_json pick_plugin(const std::string& name, const nlohmann::ordered_json& status,
                                   const nlohmann::ordered_json& history);
void print_plugin(const std::string& name, const nlohmann::ordered_json& picked, std::ostream& out);

}  // namespace mortise::cli
