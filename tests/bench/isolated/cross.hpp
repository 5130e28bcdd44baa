// The contract whose calls between processes are measured.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>
#include <span>

namespace bench {

struct Cross {
  mortise::Method<std::int64_t(std::int64_t a, std::int64_t b)> add;
  /// Looks at both ends alone.
  mortise::Method<std::int64_t(std::span<const std::uint8_t> bytes)> take;
};
MORTISE_CONTRACT(Cross, "bench.cross", 1, add, take)

}  // namespace bench
