// The part of the shared memory (area.hpp) in which calls through contracts cross. A call into the worker has a place
// of its own in which both sides take turns; the thread that calls waits there, and so may the worker's thread that has
// answered, for the next one. A call that the plugin makes of others has one, too, and so may be inside the former.
//
//  turn      | whose it is                              | goes over to
//  idle      | the host's: nobody's call is there       | worker (a call was put there)
//  worker    | the plugin's code runs                   | host (the worker says something), abandoned
//  host      | the host looks at what the worker said   | worker (it goes on), idle (it was the end)
//  abandoned | the plugin's code runs, nobody waits     | idle (it has returned)
//  over      | nobody's: the worker has ended           |
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "isolation/words.hpp"

namespace mortise::isolation {

/// Calls through contracts that may be inside a worker at once, and that its plugin makes at once.
inline constexpr std::uint32_t kContractCallCount = 256;
inline constexpr std::uint32_t kOutgoingCount = 256;
/// What a call, and its reply, may take without the heap.
inline constexpr std::size_t kDirectCallBytes = 4032;

namespace turn {
inline constexpr std::uint32_t kIdle = 0;
inline constexpr std::uint32_t kWorker = 1;
inline constexpr std::uint32_t kHost = 2;
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
};

/// Up to `direct` the host's to write but for `turn` and `is_attended`, the rest the worker's; each side releases with
/// `turn` what it wrote.
struct ContractCallMemory {
  alignas(64) std::atomic<std::uint32_t> turn;
  // A worker's thread waits here for the next call; who takes it back to 0 answers for that the call is looked at.
  std::atomic<std::uint32_t> is_attended;
  std::atomic<std::uint32_t> host_sleeps;  // on `turn`
  std::uint32_t provision;                 // in the order of registration
  std::uint32_t method;
  std::uint32_t request_id_size;  // of what goes along, where the request id comes first
  Payload request;
  Payload along;                         // the request id and what the plugin's slots are bound to: see Bindings
  alignas(64) std::int64_t deadline_ns;  // of the steady clock; INT64_MAX: none
  std::array<std::uint8_t, kDirectCallBytes> direct;
  alignas(64) Words<Said> said;
  std::atomic<std::uint32_t> worker_sleeps;  // on `turn`
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
