// The memory that a host and one of its workers share: who writes which part of it, and what lies where. Everything is
// an offset, nothing a pointer.
//
//  part          | written by      | what it is for
//  submissions   | host; `head` and `sleepers` worker | numbers of calls that are to be begun
//  completions   | worker; `head` host                | what the worker has to say of them
//  calls         | host; `answer` worker; `caller` both | one per request that is inside
//  replies       | host; taken and given back by the worker | what the host says to one who waits for it
//  ledgers       | host                               | what has left a socket's queue (http/websocket_elsewhere.hpp)
//  contract calls, outgoing | see contract_memory.hpp  | calls through contracts, into the worker and out of it
//  host's heap, worker's heap | its owner  | payloads that do not fit into the places above
//
// The host trusts nothing in it that the worker may write: it copies a completion once, checks the copy, and uses that.
// The worker trusts the host.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/files.hpp"
#include "base/result.hpp"
#include "isolation/contract_memory.hpp"
#include "isolation/words.hpp"

namespace mortise::isolation {

/// Requests that may be inside at once.
inline constexpr std::uint32_t kCallCount = 1024;
/// Of a ring's entries; a call is submitted once, and a worker that keeps to the rules never fills the other ring.
inline constexpr std::uint32_t kRingSize = 4096;
inline constexpr std::uint32_t kReplyCount = 256;
/// Threads for handlers, of a plugin that has no limit of its own.
inline constexpr std::uint32_t kMostThreads = 32;
/// Among them, what sockets tell: the rest is for requests.
inline constexpr std::uint32_t kMostSocketCalls = kCallCount / 2;
/// Of a handler's message; the host's own handlers have as much.
inline constexpr std::uint64_t kMostMessageBytes = 1024;
/// Sockets that may be open at once; their numbers end in that of their place.
inline constexpr std::uint32_t kSocketCount = 65536;
/// In the place of a call's route: it is what a socket has to tell.
inline constexpr std::uint32_t kSocketRoute = UINT32_MAX;
/// What a request, and an answer, may take without the heap.
inline constexpr std::size_t kDirectBytes = 8192;
inline constexpr std::size_t kHeapBytes = std::size_t{256} << 20U;

/// One thing that a worker says of a call.
struct Completion {
  enum class Kind : std::uint32_t {
    respond,  // the payload is an answer
    start,    // likewise, the head of a streamed one
    write,    // the payload is a piece of it; `argument`: how many ms it may wait
    finish,
    abort,
    fail,         // the handler has returned `status`, and the payload is its message; `argument`: whether it has that
                  // of a call through a contract
    read_body,    // the payload is where the next piece of the body is to be put
    call,         // the handler calls another plugin; `argument`: the outgoing call
    returned,     // the handler has, though the call is not over: it holds no thread, and calls no other plugin
    database,     // no call's: the plugin's database is to do what lies in the outgoing place `argument` (sql_form.hpp)
    publish,      // no call's: the payload is an event of the topic `argument` (event_payload.hpp)
    add_task,     // no call's: the payload is a task (task_form.hpp); the reply says whether the host has it
    cancel_task,  // no call's: of the task with the tag `argument`
    taken,        // no call's: the block at `argument`, of a reply to an outgoing call, is not needed any more
    done,         // nothing runs inside the call any more, and it has been ended
    // Of WebSockets (socket_form.hpp):
    accept,       // the handler accepts the request's upgrade; the payload is its terms
    heard,        // the call was what a socket has to tell: the handler has returned `status`, and the payload is its
                  // message; the call is over
    send_text,    // the payload is a message for the peer of the socket `argument`
    send_binary,  // likewise
    close,        // the payload is the reason to close the socket `argument` for, `status` the code
  };
  static constexpr std::uint32_t kNoReply = UINT32_MAX;

  Kind kind = Kind::done;
  std::uint32_t call = 0;
  std::uint32_t reply = kNoReply;  // who waits for it
  std::int32_t status = 0;
  std::uint64_t offset = 0;  // of the payload, from the area's beginning
  std::uint64_t size = 0;
  std::uint64_t argument = 0;
  std::uint64_t reserved = 0;
};

/// One writer and one reader at a time, in two processes; each side has a lock of its own for that.
template <class Entry>
struct RingMemory {
  // Of entries ever written: released by the writer, acquired by the reader. Also what a reader sleeps on.
  alignas(64) std::atomic<std::uint32_t> tail;
  // Of entries ever read, likewise.
  alignas(64) std::atomic<std::uint32_t> head;
  // Readers that sleep, or are about to; see Ring.
  alignas(64) std::atomic<std::uint32_t> sleepers;
  alignas(64) std::array<Words<Entry>, kRingSize> entries;
};

struct CallMemory {
  // What the worker needs to begin; written before the call is submitted.
  std::uint64_t sequence;    // of the request, from 1 on
  std::int64_t deadline_ns;  // of the steady clock; INT64_MAX: none
  std::uint64_t offset;      // of the request
  std::uint64_t size;
  std::uint32_t route;
  std::uint32_t bindings_size;  // behind the request: see Bindings
  std::uint32_t trace_size;     // behind those: the header `traceparent` that the request's calls have
  // The sequence of the request whose client has gone: a value on its own, relaxed.
  std::atomic<std::uint64_t> gone;
  // Who makes the handler's calls of others (calling.hpp), and how many sleep on that.
  alignas(64) std::atomic<std::uint32_t> caller;
  std::atomic<std::uint32_t> callers_asleep;
  alignas(64) std::array<std::uint8_t, kDirectBytes> request;
  std::array<std::uint8_t, kDirectBytes> answer;
};

struct ReplyMemory {
  // 0: still waited for; 1: `status` and `value` are there. Released by the host, acquired by who waits.
  std::atomic<std::uint32_t> is_there;
  // Relaxed. Two threads of the host that answer one after the other are in order through the worker alone, and a
  // hostile one may have both answer at once.
  std::atomic<std::int32_t> status;
  std::atomic<std::uint64_t> value;
};

struct AreaMemory {
  RingMemory<std::uint32_t> submissions;
  RingMemory<Completion> completions;
  RingMemory<std::uint32_t> contract_submissions;
  // Threads that may run handlers. A value on its own: relaxed.
  alignas(64) std::atomic<std::uint32_t> most_threads;
  // Counts clients that have gone; what the thread that tells of them sleeps on.
  alignas(64) std::atomic<std::uint32_t> gone_count;
  std::array<ReplyMemory, kReplyCount> replies;
  std::array<std::atomic<std::uint64_t>, kSocketCount> ledgers;
  std::array<CallMemory, kCallCount> calls;
  std::array<ContractCallMemory, kContractCallCount> contract_calls;
  std::array<OutgoingMemory, kOutgoingCount> outgoing;
  alignas(4096) std::array<std::uint8_t, kHeapBytes> host_heap;
  std::array<std::uint8_t, kHeapBytes> worker_heap;
};

/// A mapping of it. The memory counts where it is touched, not where it is mapped. Any thread.
class Area {
 public:
  /// New, all zero, and of a size that nobody can change.
  static base::Result<std::shared_ptr<Area>> make();
  /// As a worker is handed it.
  static base::Result<std::shared_ptr<Area>> adopt(base::Descriptor descriptor);
  Area(const Area&) = delete;
  Area& operator=(const Area&) = delete;
  ~Area();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  [[nodiscard]] AreaMemory& memory() const noexcept { return *memory_; }
  [[nodiscard]] std::uint8_t* at(std::uint64_t offset) const noexcept {
    return reinterpret_cast<std::uint8_t*>(memory_) + offset;
  }
  [[nodiscard]] std::uint64_t offset_of(const void* place) const noexcept {
    return static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(place) - at(0));
  }
  /// Whether a worker may have its payload there: in the answer of that call, or in its heap.
  [[nodiscard]] bool is_workers(std::uint32_t call, std::uint64_t offset, std::uint64_t size) const noexcept;
  /// The same with another place of its own.
  [[nodiscard]] bool is_workers(std::span<const std::uint8_t> own, const Payload& payload) const noexcept;

 private:
  Area(base::Descriptor descriptor, void* memory) noexcept;
  static base::Result<std::shared_ptr<Area>> map(base::Descriptor descriptor);

  base::Descriptor descriptor_;
  AreaMemory* memory_;
};

}  // namespace mortise::isolation
