// How a call of a contract and what comes of it look in HTTP, for who makes it and for who answers it.
#pragma once

#include <cstddef>
#include <string_view>

namespace mortise::remote {

/// Of a request and a reply in the binary form of the contract (docs/abi-policy.md).
inline constexpr std::string_view kCallContentType = "application/mortise-call";

/// Of a request: how long the call may take, in milliseconds.
inline constexpr std::string_view kDeadlineHeader = "Mortise-Deadline-Ms";
inline constexpr std::string_view kRequestIdHeader = "X-Request-Id";
inline constexpr std::string_view kTraceParentHeader = "traceparent";
inline constexpr std::string_view kTraceStateHeader = "tracestate";
/// Of a 503 by which a host has turned a call away before any of its plugins saw it. Without it nobody knows: a
/// balancer may say the same of a call that was inside a host when that ended.
inline constexpr std::string_view kNotBegunHeader = "Mortise-Not-Begun";
/// Likewise, as the host is only starting. Behind a balancer others may be ready.
inline constexpr std::string_view kStartingHeader = "Mortise-Starting";
/// Of the answer to a call that has failed: the code's name, "not_found", and the way that the failure has come, with
/// "%XX" for what a header cannot hold.
inline constexpr std::string_view kStatusHeader = "Mortise-Status";
inline constexpr std::string_view kContextHeader = "Mortise-Context";
inline constexpr std::size_t kMostContextBytes = 4096;

}  // namespace mortise::remote
