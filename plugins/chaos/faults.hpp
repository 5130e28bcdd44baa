// The faults, by what they do to the host. Each adds its routes below /chaos: GET makes the plugin fail in that way.
// All of this is wrong on purpose; nothing of it is an example.
#pragma once

#include <mortise/mortise.hpp>

#include <cstdint>
#include <mutex>
#include <vector>

#include "descent.hpp"

namespace chaos {

/// What it hands back is wrong: exceptions, statuses, answers, routes.
void add_failures(mortise::Context& ctx);

/// Its threads never come back.
void add_hangs(mortise::Context& ctx);

/// The process does not survive it.
void add_crashes(mortise::Context& ctx);

/// It reaches for what is not its own.
void add_escapes(mortise::Context& ctx);

/// It takes more than is its due, or does not give it back.
class Hoard {
 public:
  explicit Hoard(mortise::Context& ctx);

 private:
  std::mutex mutex_;
  std::vector<mortise::Stream> streams_;  // guarded by mutex_; begun and never finished
};

/// It and another plugin call each other, deeper and deeper. Without that plugin it fails in nothing.
class Circle {
 public:
  explicit Circle(mortise::Context& ctx);
  std::int64_t step(std::int64_t depth);

 private:
  mortise::OptionalSlot<Descent> partner_;
};

}  // namespace chaos
