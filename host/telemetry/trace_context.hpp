// The trace that a request is part of, as W3C Trace Context has it: what the client has said of it, with this host's
// part in it, for the log and for the calls to other hosts that the request makes. Who names no trace gets none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mortise::telemetry {

/// What is passed on.
struct TraceContext {
  std::string parent;  // the header `traceparent`: "00-TRACE-SPAN-FLAGS"
  std::string state;   // the header `tracestate`, of which nothing is read; empty: there is none

  [[nodiscard]] std::string_view trace_id() const noexcept { return std::string_view(parent).substr(3, 32); }
};

/// The trace of a request that has come with these, with a span of its own for this host; none where `parent` is not
/// what the recommendation allows. Of a `state` that has more than 512 bytes members are left out, long ones first and
/// then those at its end; one that no header may hold is dropped.
std::optional<TraceContext> continue_trace(std::string_view parent, std::string_view state);

}  // namespace mortise::telemetry
