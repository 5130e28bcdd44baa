// How a host process has ended: what is said of it, and how the supervisor ends like it. Inside this folder only.
#pragma once

#include <sys/types.h>
#include <csignal>
#include <initializer_list>
#include <optional>

#include "telemetry/crash_mark.hpp"

namespace mortise::supervisor {

/// The exit code of a process that could not do what it was to.
inline constexpr int kCannotStart = 1;

sigset_t set_of(std::initializer_list<int> numbers);

/// Into the log, with its backtrace if it has left a mark. `status` is as waitpid() gives it.
void tell_of(pid_t host, int status, const std::optional<telemetry::CrashMark>& mark);

/// What a shell or a service manager sees of this process is what was to be seen of that one: after a signal this does
/// not return, else the exit code.
int end_like(int status);

}  // namespace mortise::supervisor
