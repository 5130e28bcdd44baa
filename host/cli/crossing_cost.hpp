// What a call costs on this machine that leaves its process, beside what it does: measured in a third of a second, by
// two processes that do nothing else. Floors: a real call also writes, checks and reads its values.
#pragma once

#include "base/result.hpp"

namespace mortise::cli {

/// Of a call and its reply.
struct CrossingCost {
  double wall_us = 0;       // from the call to its reply
  double processor_us = 0;  // of both sides
};

struct CrossingCosts {
  CrossingCost isolated;  // over shared memory, where both sides sleep until they are woken
  CrossingCost remote;    // over loopback TCP, with as many bytes as a small HTTP request and its answer
};

/// Forks twice, and waits for the end of both. Fails where the system has no memory, process or socket for that.
base::Result<CrossingCosts> measure_crossings();

}  // namespace mortise::cli
