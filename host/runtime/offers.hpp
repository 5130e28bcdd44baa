// What a plugin may offer to the host beside its table: mortise.health/1 and mortise.state/1. All of it on the control
// thread, of an active generation; a plugin that does not offer an interface passes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "runtime/generation.hpp"

namespace mortise::runtime {

/// What one instance tells the one that replaces it; the form is theirs.
struct State {
  std::uint32_t version = 0;
  std::string bytes;
};

/// snapshot: before the switch. rest: what has changed since, when nothing runs inside the old instance any more.
enum class StatePart { snapshot, rest };

base::Result<void> check_health(Generation& generation);

/// Nothing: it does not offer that part.
base::Result<std::optional<State>> export_state(Generation& generation, StatePart part);

/// False: it does not offer that part, and the state is dropped.
base::Result<bool> import_state(Generation& generation, StatePart part, const State& state);

}  // namespace mortise::runtime
