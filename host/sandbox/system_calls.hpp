// Which calls of the kernel's a process may make, by seccomp.
#pragma once

#include <string>

namespace mortise::sandbox {

/// Makes ready what limit_system_calls() needs, for this process and those that it forks: most of its time.
void prepare_system_calls();

/// From now on, in all threads: no other programs and no processes, nothing that reaches into other processes, mounts,
/// or the kernel's keys, tracing and modules; no change of a file's mode, owner or attributes; no sockets, or, where it
/// may connect, those of a client; no memory that a limit does not count. Such a call fails with EPERM; one that this
/// host does not know yet with ENOSYS, as in an older kernel. Returns why not; empty: it is in force. Needs "no new
/// privileges".
std::string limit_system_calls(bool may_connect, bool is_memory_limited);

}  // namespace mortise::sandbox
