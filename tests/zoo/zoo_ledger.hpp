// The contract zoo.ledger/1: entries that are written down once each, or not at all, and one that takes its time.
#pragma once

#include <mortise/contract.hpp>

#include <cstdint>

namespace zoo {

struct Ledger {
  /// Leaves nothing behind. All of them return the number.
  mortise::Method<std::int64_t(std::int64_t number)> look;
  /// Writes "book 7".
  mortise::Method<std::int64_t(std::int64_t number)> book;
  /// Writes "linger 7" and waits until no time is left for it; then writes "left 7".
  mortise::Method<std::int64_t(std::int64_t number)> linger;
};
MORTISE_CONTRACT(Ledger, "zoo.ledger", 1, look, book, linger)
MORTISE_IDEMPOTENT(Ledger, look, linger)

}  // namespace zoo
