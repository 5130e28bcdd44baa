// What the running host says of itself in status.json. A file whose host is gone counts as none.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/files.hpp"

namespace mortise::cli {

struct RuntimeState {
  std::string version;
  std::string state;
  std::string reason;
};

/// By plugin's name. Empty when no host runs on this state directory.
std::map<std::string, RuntimeState> read_host_status(const std::filesystem::path& state_directory, base::Files& files);

}  // namespace mortise::cli
