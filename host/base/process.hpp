// What the host asks of processes: to run a child to its end within a time limit, and a few facts about its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace mortise::base {

/// How a child ended.
struct ProcessEnd {
  enum class How { exited, signalled, timed_out };
  How how = How::exited;
  int code = 0;        // exit code or signal number
  std::string output;  // stdout and stderr together, the last 16 KiB

  /// "exited with code 3", "was killed by SIGSEGV", "did not end within 5000 ms".
  [[nodiscard]] std::string describe() const;
  std::chrono::milliseconds limit{0};
};

/// Of what waitpid() says.
ProcessEnd end_of(int wait_status);

/// Starts `arguments[0]` with an empty environment but PATH and LANG, no descriptors but 0 to 2 (stdin is
/// /dev/null), and a process group of its own; kills the whole group when `limit` passes. Waits for the end. Fails only
/// when the child cannot be started. Any thread.
Result<ProcessEnd> run_process(const std::vector<std::string>& arguments, std::chrono::milliseconds limit);

/// From here on this process leaves no core dump, whatever becomes of it: for processes that run code on trial.
void disable_core_dumps();

/// From here on this process has no terminal that it could open as /dev/tty, where it could read what somebody types
/// for another process, or type itself. One that it has open stays open.
void leave_terminal();

/// Lets this process open as many files as its hard limit allows, which shells and service managers set far above the
/// soft one; returns that number.
std::uint64_t raise_open_file_limit();

/// The cores that this process may run on; at least 1.
unsigned usable_cores();

/// Path of the running executable.
std::string own_executable();

}  // namespace mortise::base
