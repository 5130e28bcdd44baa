// The subcommands of `mortise`: reads the arguments, runs one command, returns the exit code. Knows no part of the
// serving process; main hands that in. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "config/config.hpp"

namespace mortise::cli {

enum ExitCode : int { kDone = 0, kFailed = 1, kUsage = 2 };

/// What the commands work with; outlives them.
struct Parts {
  base::Files& files;
  std::ostream& out;
  std::ostream& err;
  std::string executable;               // absolute
  std::vector<std::string> interfaces;  // that the host offers to plugins
  std::function<int(config::HostConfig)> serve;
  std::function<int(const std::filesystem::path&)> probe;
  std::function<int()> worker;
};

int run_command_line(int argc, const char* const* argv, const Parts& parts);

}  // namespace mortise::cli
