// `mortise worker`: a host of one plugin, which does for it what another host process asks for.
#pragma once

namespace mortise::isolation {

/// In a process that a host has started for this, and which ends with that. Returns the exit code where there is no
/// such host.
int worker_main();

}  // namespace mortise::isolation
