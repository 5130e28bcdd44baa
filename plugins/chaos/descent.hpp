// A stair without an end: whoever is asked for a step asks the other one for the next.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>

namespace chaos {

struct Descent {
  mortise::Method<std::int64_t(std::int64_t depth)> step;
};
MORTISE_CONTRACT(Descent, "chaos.descent", 1, step)

}  // namespace chaos
