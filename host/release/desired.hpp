// The desired state: which image of which plugin should run with which config, from plugins.d and the catalogue.
// Pure functions; what cannot be satisfied is said in words, never dropped silently.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "config/config.hpp"

namespace mortise::release {

/// An enabled plugin and the verified file that will serve it.
struct Wanted {
  config::PluginConfig config;
  catalog::RecordPtr record;

  [[nodiscard]] const std::string& name() const { return config.name; }
};

/// An enabled plugin that cannot run as things are.
struct Unmet {
  std::string name;
  enum class Kind { waiting, refused } kind = Kind::waiting;  // waiting: a file is missing; refused: a fault to mend
  std::string reason;                                         // what is wrong and what to do
  std::string exhibit{};      // whole lines that show it, or empty: two signatures, one below the other
  bool keep_running = false;  // a fault of config: what runs goes on as it is
};

struct Desired {
  std::vector<Wanted> wanted;  // in the order of start: providers before their consumers
  std::vector<Unmet> unmet;
  std::vector<config::Diagnostic> diagnostics;  // the faults behind `unmet` that have a place in a file
};

/// Chooses for each enabled plugin the highest verified version that its range allows, checks its config against
/// the schema, and orders by contracts. Plugins whose required contracts nobody provides, or that require each other
/// in a circle, are refused with the names of all concerned.
Desired desire(config::LoadedPlugins plugins, const std::vector<catalog::RecordPtr>& records,
               const std::filesystem::path& drop_directory);

/// For `serve --check`: the faults that an admin should mend, each with its place. Files that are just missing count.
std::vector<config::Diagnostic> check_desired(const config::LoadedPlugins& plugins,
                                              const std::vector<catalog::RecordPtr>& records,
                                              const std::filesystem::path& drop_directory);

}  // namespace mortise::release
