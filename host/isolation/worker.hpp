// A worker: a host of one plugin, which does for it what another host process asks for.
#pragma once

namespace mortise::isolation {

/// In a process that a fork server has forked for this, and which ends with that. Returns the exit code where its
/// descriptors are not what a host gives.
int worker_main();

}  // namespace mortise::isolation
