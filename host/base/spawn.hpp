// Starting another program. Inside this folder and takeover/: what becomes of it is for the caller to see to.
#pragma once

#include <sys/types.h>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::base {

struct Spawn {
  std::string executable;              // a path
  std::vector<std::string> arguments;  // with the program's name
  std::vector<std::string> environment;
  /// Standard output and standard error; the input is /dev/null then. None: all three are ours.
  std::optional<int> output;
  /// Become its descriptors from 3 upwards, in this order; it has no others.
  std::vector<int> descriptors;
  bool has_own_session = false;
};

/// With every signal unblocked and at its default. The error names the program. Any thread.
Result<pid_t> spawn(const Spawn& wanted);

}  // namespace mortise::base
