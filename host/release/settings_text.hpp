// What an admin has set for a plugin and a release is made of, as one text: its config, and before that, in words,
// where it runs and how, unless that is the host process, and what it exposes. Two members with the same image and the
// same text are the same.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"

namespace mortise::release {

std::string settings_text(const config::PluginConfig& plugin);

/// Whether it is of one that is isolated.
[[nodiscard]] bool is_isolated(std::string_view settings);
/// Whether it is of one that runs in another host.
[[nodiscard]] bool is_remote(std::string_view settings);
/// Whether it is of one that does not run in this process.
[[nodiscard]] bool is_elsewhere(std::string_view settings);

/// The way back. A word of a newer host is left out.
void read_settings(std::string_view text, config::PluginConfig& plugin);

}  // namespace mortise::release
