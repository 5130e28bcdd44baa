// The trace of what a worker is asked for, as far as it crosses: for the log. Calls of others are made by the host,
// which has all of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "telemetry/trace_context.hpp"

namespace mortise::isolation {

/// `parent` is the host's, or empty.
inline std::optional<telemetry::TraceContext> trace_of(std::string_view parent) {
  if (parent.empty()) return std::nullopt;
  return telemetry::TraceContext{std::string(parent), {}};
}

}  // namespace mortise::isolation
