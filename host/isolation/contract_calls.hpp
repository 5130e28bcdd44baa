// Calls through contracts that a worker's plugin provides, as the host's callers make them: each waits on its own
// thread, in its own scope, and makes there what the plugin calls of others meanwhile, so that the whole graph of calls
// stays on one release, one deadline and one thread of the host's.
#pragma once

#include <mortise/abi/contracts.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "isolation/host_end.hpp"
#include "isolation/outgoing_calls.hpp"
#include "isolation/ring.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"

namespace mortise::isolation {

/// A contract that the plugin provides; what `self` of its channel points to. Never changes.
struct ForwardedContract {
  class StandIn* stand_in = nullptr;
  std::uint32_t number = 0;                              // in the order of registration
  const manifest::ProvidedContract* declared = nullptr;  // null: it is the plugin's tasks (task_form.hpp)
  mortise_channel_v1 channel{};
};

/// Of one worker process. Any thread.
class ContractCalls {
 public:
  /// `generation` outlives it. `is_one_of_several`: whether anybody wants to know how many calls are inside.
  ContractCalls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing, const runtime::Generation& generation,
                bool is_one_of_several = false);

  /// Has a method of the contract answer, as `call` of a channel does. `is_reserved`: the request lies in what
  /// reserve() has given, and is passed on there. [in-scope]
  mortise_status call(const ForwardedContract& contract, std::uint32_t method, mortise_bytes request, bool is_reserved,
                      mortise_bytes* reply);

  /// Memory for a request; null: there is none.
  std::uint8_t* reserve(std::uint64_t size);
  /// Which no call is made with.
  void free_reserved(std::uint8_t* memory) { end_.heap->free(memory); }

  /// How many there are at this moment, of one of several; a hint.
  [[nodiscard]] std::uint32_t count_inside() const noexcept { return inside_.load(std::memory_order_relaxed); }
  /// Whether its plugin's code runs on behalf of any.
  [[nodiscard]] bool is_anybody_inside();
  /// The worker is gone: whoever waits for it fails, and whoever comes from now on.
  void end();

 private:
  /// A call's place, and what the host has of it. Its taker's while it is taken; on a line of its own, as other threads
  /// have the others.
  struct alignas(64) Place {
    std::uint32_t number = 0;
    // Acquired by who takes the place, released by who gives it back.
    std::atomic<bool> is_taken{false};
    // Blocks of the heap; null: it lies in the place itself.
    std::uint8_t* request = nullptr;
    std::uint8_t* along = nullptr;               // what goes along with it
    std::chrono::steady_clock::time_point left;  // when its caller went, of one that is abandoned
  };
  /// What is called, as failures name it.
  struct Called {
    const ForwardedContract& contract;
    std::uint32_t method;
  };
  enum class Wait { said, late, over, broken };

  Place* take();
  Place* find_free() noexcept;
  void give_back(Place& place);
  void reclaim_abandoned();
  [[nodiscard]] std::size_t count_lost() const;
  [[nodiscard]] ContractCallMemory& memory_of(const Place& place) const noexcept;
  std::uint8_t* room(std::span<std::uint8_t>& direct, std::uint64_t size, std::uint8_t*& block);
  void free_blocks(Place& place);
  bool write(Place& place, const Called& called, runtime::Scope& scope, mortise_bytes request, bool is_reserved);
  void post(const Place& place);
  mortise_status carry(Place& place, const Called& called, runtime::Scope& scope, runtime::Scope::Time until,
                       mortise_bytes* reply);
  mortise_status end_with(Place& place, const Called& called, runtime::Scope& scope, mortise_bytes* reply,
                          const Outcome& outcome);
  [[nodiscard]] Wait wait(const Place& place, const runtime::Scope& scope, runtime::Scope::Time until) const;
  bool abandon(Place& place);
  void leave(Place& place);
  void list_abandoned(Place& place);
  mortise_status take_outcome(const Place& place, const Called& called, runtime::Scope& scope, mortise_bytes* reply,
                              const Outcome& outcome);
  [[nodiscard]] mortise_status fail(mortise_status status, const Called& called, std::string_view why) const noexcept;

  const HostEnd end_;
  const std::shared_ptr<OutgoingCalls> outgoing_;
  const runtime::Generation& generation_;
  const bool is_one_of_several_;
  std::array<Place, kContractCallCount> places_;
  // Before the words that are waited for are changed, so that who sees them sees it: sequentially consistent.
  std::atomic<bool> is_over_{false};

  std::atomic<std::uint32_t> inside_{0};  // a count that orders nothing: relaxed

  std::mutex mutex_;
  // Guarded by mutex_:
  RingWriter<std::uint32_t> submissions_;
  std::vector<Place*> abandoned_;  // whose callers have not waited for the end
  // As many as in abandoned_; written under the mutex. Who sees a former count reclaims them the next time: relaxed.
  std::atomic<std::size_t> abandoned_count_{0};
};

}  // namespace mortise::isolation
