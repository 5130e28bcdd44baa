// The part of the shared memory (area.hpp) in which calls through contracts cross. A call into the worker has a place
// of its own in which both sides take turns; the thread that calls waits there, and so may the worker's thread that has
// answered, for the next one. A call that the plugin makes of others has one, too, and so may be inside the former.
//
//  turn      | whose it is                                       | goes over to
//  host      | the host's: nobody's call is there, or it looks   | worker (a call was put there, or goes on)
//            | at what the worker has said                       |
//  seated    | likewise; a thread of the worker looks for the    | worker (which that thread takes), host (it looks no
//            | next call                                         | more)
//  worker    | the plugin's code runs                            | host, seated (the worker says something), abandoned
//  abandoned | the plugin's code runs, nobody waits              | host (it has returned)
//  over      | nobody's: the worker has ended                    |
//
// What both sides write is this word alone, once each in a call and its answer: a line that goes to and fro between two
// cores is what a call costs.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "isolation/words.hpp"

namespace mortise::isolation {

/// Calls through contracts that may be inside a worker at once, and that its plugin makes at once.
inline constexpr std::uint32_t kContractCallCount = 256;
inline constexpr std::uint32_t kOutgoingCount = 256;
/// What a call, and its reply, may take without the heap.
inline constexpr std::size_t kDirectCallBytes = 4032;

/// Why a reply cannot be told.
inline constexpr std::string_view kNoHeapForReply = "the memory that host and worker share has no room for the reply";

namespace turn {
inline constexpr std::uint32_t kHost = 0;
inline constexpr std::uint32_t kSeated = 1;
inline constexpr std::uint32_t kWorker = 2;
inline constexpr std::uint32_t kAbandoned = 3;
inline constexpr std::uint32_t kOver = 4;
}  // namespace turn

/// Bytes somewhere in the area.
struct Payload {
  std::uint64_t offset = 0;  // from the area's beginning
  std::uint64_t size = 0;
};

/// What a call came to: the reply, or else the message of the failure and, behind it, its context.
struct Outcome {
  std::int32_t status = 0;
  std::uint32_t message_size = 0;
  Payload payload{};
};

/// What a worker says of a call that is inside it.
struct Said {
  static constexpr std::uint32_t kReturned = UINT32_MAX;

  std::uint32_t outgoing = kReturned;  // the plugin calls others, in that place
  std::uint32_t reserved = 0;
  Outcome outcome{};
};

/// A call of the plugin's of what one of its requirements is bound to.
struct Wanted {
  std::uint32_t requirement = 0;  // in the order of registration
  std::uint32_t provider = 0;     // of a list; else 0
  std::uint32_t method = 0;
  std::uint32_t reserved = 0;
  Payload request{};
  std::int64_t deadline_ns = INT64_MAX;  // as below; the plugin may give it less time than it has itself
};

/// Up to `direct` the host's to write but for `turn`, the rest the worker's; each side releases with `turn` what it
/// wrote.
struct ContractCallMemory {
  alignas(64) std::atomic<std::uint32_t> turn;
  std::atomic<std::uint32_t> host_sleeps;  // on `turn`
  alignas(64) std::uint32_t provision;     // in the order of registration
  std::uint32_t method;
  Payload request;
  Payload along;                     // request id, `traceparent`, and what the plugin's slots are bound to: Bindings
  std::uint32_t request_id_size;     // of what goes along, where the request id comes first
  std::atomic<std::uint32_t> taken;  // counts the replies in the worker's heap that the host has copied
  // Of the steady clock, which all processes share; max(): none. Changes when nobody waits any more, while the plugin
  // may ask: a value on its own, relaxed.
  std::atomic<std::chrono::steady_clock::time_point> deadline;
  std::uint32_t trace_size;  // of what goes along, where that comes second; mostly 0
  alignas(64) std::array<std::uint8_t, kDirectCallBytes> direct;
  alignas(64) Words<Said> said;
  std::atomic<std::uint32_t> worker_sleeps;  // on `taken`
  std::array<std::uint8_t, kDirectCallBytes> reply;
};

/// The worker writes what it wants; the host the outcome, which it releases with `is_there`.
struct OutgoingMemory {
  alignas(64) Words<Wanted> wanted;
  std::array<std::uint8_t, kDirectCallBytes> direct;
  alignas(64) std::atomic<std::uint32_t> is_there;
  std::atomic<std::uint32_t> worker_sleeps;  // on `is_there`
  Words<Outcome> outcome;
  std::array<std::uint8_t, kDirectCallBytes> reply;
};

}  // namespace mortise::isolation
