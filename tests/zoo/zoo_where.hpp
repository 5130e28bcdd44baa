// The contract zoo.where/1: which process answers.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>

namespace zoo {

struct Where {
  mortise::Method<std::int64_t()> pid;
};
MORTISE_CONTRACT(Where, "zoo.where", 1, pid)

}  // namespace zoo
