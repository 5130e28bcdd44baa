// What the host's plugins are doing, for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"

namespace mortise::release {

struct PluginStatus {
  std::string name;
  std::string version;
  std::uint64_t generation = 0;  // 0: none
  std::string state;             // "active", "failed", "refused", "waiting", "stopping"
  std::string reason;
  std::string sha256;
};

struct Status {
  std::uint64_t release = 0;  // that runs; 0: none yet
  std::vector<PluginStatus> plugins;
  std::vector<catalog::RecordPtr> files;
};

}  // namespace mortise::release
