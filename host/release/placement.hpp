// Where a plugin runs: where its file in plugins.d says, unless what is known of the image speaks against that. One
// that has crashed the host, or is in probation, is isolated.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "catalog/catalog.hpp"
#include "config/config.hpp"
#include "release/memory.hpp"

namespace mortise::release {

/// The same configs but for their placement, each made once, so that what has not changed is the very same. One thread.
class IsolatedConfigs {
 public:
  /// Of a plugin that is not isolated.
  config::PluginConfigPtr of(const config::PluginConfigPtr& config);

 private:
  struct Pair {
    config::PluginConfigPtr original;
    config::PluginConfigPtr isolated;
  };
  std::map<std::string, Pair> pairs_;  // by plugin
};

struct Placed {
  config::PluginConfigPtr config;
  std::string why{};  // it is isolated, of which its file says nothing; empty: it is placed as that says
};

[[nodiscard]] Placed place(const config::PluginConfigPtr& config, const catalog::Record& record, const Memory& memory,
                           IsolatedConfigs& isolated);

/// One that ran, or runs, as it may run again.
[[nodiscard]] Member place(const std::string& plugin, const Member& member, const Memory& memory);

/// What would be set for it if it ran in the host process.
[[nodiscard]] std::string inline_settings_of(const Member& member);

/// "10,000".
[[nodiscard]] std::string with_separators(std::uint64_t number);

}  // namespace mortise::release
