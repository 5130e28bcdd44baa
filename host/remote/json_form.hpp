// Calls as JSON, for who has no code of the contract: curl, another language. A call's arguments are an array, in their
// order; a result is itself, and `null` for void.
//
//  signature       | JSON
//  i8 … u64        | a whole number within the type's range
//  f32, f64        | a number, or "NaN", "Infinity", "-Infinity"
//  bool            | true, false
//  str             | text; what is no UTF-8 in a result is replaced by U+FFFD
//  bytes           | text, base64 with padding
//  [T]             | an array
//  {T,…}           | an array of its members, whose names no signature knows
//  T?              | null, or the value; of T?? that is there, an array of one: [T?]
//
// Invariant: what is read may be anything. It is read in one pass into one buffer, whose size is at most a fixed
// multiple of what was read, and no deeper than the types are.
#pragma once

#include <mortise/abi/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "remote/call_types.hpp"

namespace mortise::remote {

/// The binary form of a request whose arguments are `json`. An error names the place: "/0/1: must be a whole number
/// from -128 to 127, is text".
base::Result<std::string> to_request(std::string_view json, const CallTypes& types);

/// The result in the binary form of a reply. Fails with `internal` where that is malformed, and with
/// `resource_exhausted` where it has more than `most_bytes` as JSON.
base::Result<std::string> to_json(mortise_bytes reply, const CallTypes& types, std::size_t most_bytes);

}  // namespace mortise::remote
