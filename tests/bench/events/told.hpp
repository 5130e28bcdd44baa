// What the plugins of the benchmark tell each other: the same struct on a topic in memory, and on a durable one.
#pragma once

#include <mortise/contract.hpp>
#include <mortise/event.hpp>

#include <cstdint>

namespace bench {

struct Told {
  std::int64_t number;
  mortise::Str text;
};
MORTISE_EVENT(Told, "bench.told", 1)

struct Kept {
  std::int64_t number;
  mortise::Str text;
};
MORTISE_EVENT(Kept, "bench.kept", 1)

inline constexpr const char* kText = "an event that was not there before";

/// How many of either its provider has heard.
struct Heard {
  mortise::Method<std::int64_t()> count;
};
MORTISE_CONTRACT(Heard, "bench.heard", 1, count)

}  // namespace bench
