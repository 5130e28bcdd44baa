// Starting another program. Inside this folder, isolation/ and takeover/: what becomes of it is for the caller to see
// to.
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
  /// Of processes: it gets no Ctrl-C of a terminal's. Not a session: the kernel shares processors out to sessions, and
  /// may let a new one wait for long.
  bool has_own_group = false;
};

/// With every signal unblocked and at its default. The error names the program. Any thread.
Result<pid_t> spawn(const Spawn& wanted);

}  // namespace mortise::base
