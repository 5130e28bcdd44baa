// What an admin has set for a plugin and a release is made of, as one text: its config, and before that where it runs,
// unless that is the host process. Two members with the same image and the same text are the same.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"

namespace mortise::release {

/// Config is a JSON object, so that nothing else begins like this.
inline constexpr std::string_view kIsolatedPrefix = "isolated ";

inline std::string settings_text(const config::PluginConfig& plugin) {
  const bool is_isolated = plugin.placement == config::Placement::isolated;
  return is_isolated ? std::string(kIsolatedPrefix) + plugin.config_text : plugin.config_text;
}

/// The way back.
inline void read_settings(std::string_view text, config::PluginConfig& plugin) {
  const bool is_isolated = text.starts_with(kIsolatedPrefix);
  plugin.placement = is_isolated ? config::Placement::isolated : config::Placement::in_line;
  plugin.config_text = text.substr(is_isolated ? kIsolatedPrefix.size() : 0);
}

}  // namespace mortise::release
