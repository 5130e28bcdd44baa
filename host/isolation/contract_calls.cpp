#include "isolation/contract_calls.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "isolation/calls.hpp"
#include "isolation/futex.hpp"
#include "isolation/prefetch.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/failure.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
namespace {

using Clock = std::chrono::steady_clock;

// Calls inside calls, each of which has frames on its caller's stack.
constexpr unsigned kMostCrossings = 32;
// What a plugin without a deadline gets for a call that nobody waits for.
constexpr std::chrono::milliseconds kWithoutDeadline{60000};

/// The place that the thread gave back last, in whichever worker: its memory is warm, and a thread of the worker may
/// still look for the next call there. Threads that do not call at the same time have the same one.
std::uint32_t& place_of_thread() noexcept {
  constinit thread_local std::uint32_t place = 0;
  return place;
}

constexpr const char* kWrongTurn = "it takes turns that are not its own";
constexpr std::string_view kBroken = "its process has broken the rules, and is killed for it";

}  // namespace

ContractCalls::ContractCalls(HostEnd end, std::shared_ptr<OutgoingCalls> outgoing,
                             const runtime::Generation& generation, bool is_one_of_several)
    : end_(std::move(end)),
      outgoing_(std::move(outgoing)),
      generation_(generation),
      is_one_of_several_(is_one_of_several),
      submissions_(end_.area->memory().contract_submissions) {
  abandoned_.reserve(kContractCallCount);  // nothing may go wrong when a place is left
  for (std::uint32_t i = 0; i < kContractCallCount; ++i) places_[i].number = i;
}

ContractCallMemory& ContractCalls::memory_of(const Place& place) const noexcept {
  return end_.area->memory().contract_calls[place.number];
}

ContractCalls::Place* ContractCalls::find_free() noexcept {
  const auto first = place_of_thread();
  for (std::uint32_t i = 0; i < kContractCallCount; ++i) {
    auto& place = places_[(first + i) % kContractCallCount];
    if (place.is_taken.load(std::memory_order_relaxed)) continue;
    if (place.is_taken.exchange(true, std::memory_order_acquire)) continue;
    if (is_one_of_several_) inside_.fetch_add(1, std::memory_order_relaxed);
    return &place;
  }
  return nullptr;
}

ContractCalls::Place* ContractCalls::take() {
  if (is_over_) return nullptr;
  auto* place = abandoned_count_.load(std::memory_order_relaxed) == 0 ? find_free() : nullptr;
  if (place == nullptr) {
    const std::lock_guard lock(mutex_);
    reclaim_abandoned();
    place = find_free();
    if (place == nullptr && count_lost() >= kContractCallCount / 2) {
      end_.breach->note("calls of it do not return: most places are held by those that are past its deadline");
    }
  }
  if (place == nullptr || !is_over_) return place;
  give_back(*place);  // as it was left by a call that the end of the worker has ended
  return nullptr;
}

/// Under the mutex: those whose plugin has returned.
void ContractCalls::reclaim_abandoned() {
  std::erase_if(abandoned_, [this](Place* place) {
    if (memory_of(*place).turn.load() == turn::kAbandoned) return false;
    give_back(*place);
    return true;
  });
  abandoned_count_.store(abandoned_.size(), std::memory_order_relaxed);
}

/// Under the mutex: those that have taken longer than the plugin's own deadline since nobody waits for them. How long
/// its callers have waited is their affair: some are in a hurry, and it may be well all the same.
std::size_t ContractCalls::count_lost() const {
  const auto limit = generation_.containment().deadline();
  const auto latest = Clock::now() - (limit.count() == 0 ? kWithoutDeadline : limit);
  return static_cast<std::size_t>(
      std::count_if(abandoned_.begin(), abandoned_.end(), [&](const Place* place) { return place->left <= latest; }));
}

void ContractCalls::free_blocks(Place& place) {
  for (auto* const block : {&place.request, &place.along}) {
    if (*block != nullptr) end_.heap->free(std::exchange(*block, nullptr));
  }
}

void ContractCalls::give_back(Place& place) {
  free_blocks(place);
  if (is_one_of_several_) inside_.fetch_sub(1, std::memory_order_relaxed);
  place.is_taken.store(false, std::memory_order_release);
}

mortise_status ContractCalls::call(const ForwardedContract& contract, std::uint32_t method, mortise_bytes request,
                                   bool is_reserved, mortise_bytes* reply) {
  auto* const scope = runtime::Scope::current();
  if (scope == nullptr) return MORTISE_FAILED_PRECONDITION;
  const Called called{.contract = contract, .method = method};
  const auto until = scope->deadline();
  if (scope->is_unheard()) {
    if (is_reserved) end_.heap->free(const_cast<std::uint8_t*>(request.data));
    runtime::note_unbegun(generation_);
    return fail(MORTISE_CANCELLED, called, "the client of the request has gone");
  }
  if (scope->crossings() >= kMostCrossings) {
    if (is_reserved) end_.heap->free(const_cast<std::uint8_t*>(request.data));
    return fail(MORTISE_RESOURCE_EXHAUSTED, called, "calls between processes are nested too deeply");
  }
  auto* const place = take();
  if (place == nullptr) {
    if (is_reserved) end_.heap->free(const_cast<std::uint8_t*>(request.data));
    runtime::note_unbegun(generation_);
    if (is_over_) return fail(MORTISE_UNAVAILABLE, called, kWorkerIsGone);
    return fail(MORTISE_RESOURCE_EXHAUSTED, called, "too many calls are inside the plugin's process at this moment");
  }
  bool is_written = false;
  try {
    is_written = write(*place, called, *scope, request, is_reserved);
  } catch (const std::bad_alloc&) {
    // Of this process, that is; the caller is told the same.
  }
  if (!is_written) {
    give_back(*place);
    return fail(MORTISE_RESOURCE_EXHAUSTED, called,
                "the memory that is shared with the plugin's process has no room for the request");
  }
  post(*place);
  ++scope->crossings();
  try {
    const auto status = carry(*place, called, *scope, until, reply);
    --scope->crossings();
    return status;
  } catch (const std::bad_alloc&) {
    --scope->crossings();
    leave(*place);
    return MORTISE_RESOURCE_EXHAUSTED;
  }
}

std::uint8_t* ContractCalls::reserve(std::uint64_t size) {
  // What is small is copied sooner than memory is found for it.
  return size > kDirectCallBytes && !is_over_ ? end_.heap->allocate(size) : nullptr;
}

bool ContractCalls::write(Place& place, const Called& called, runtime::Scope& scope, mortise_bytes request,
                          bool is_reserved) {
  const auto* const log = telemetry::LogScope::current();
  const auto request_id = log == nullptr ? std::string_view() : log->request_id;
  const auto trace =
      log == nullptr || log->trace == nullptr ? std::string_view() : std::string_view(log->trace->parent);
  const auto bindings = outgoing_->has_any() ? outgoing_->describe(scope.table()) : std::string();
  const auto along_size = request_id.size() + trace.size() + bindings.size();
  auto& memory = memory_of(place);
  std::span<std::uint8_t> direct(memory.direct);
  auto* const there = is_reserved ? const_cast<std::uint8_t*>(request.data) : room(direct, request.size, place.request);
  if (is_reserved) place.request = there;
  auto* const along = room(direct, along_size, place.along);
  if (there == nullptr || along == nullptr) return false;
  if (!is_reserved && request.size > 0) std::memcpy(there, request.data, request.size);
  auto* const behind_id = std::copy(request_id.begin(), request_id.end(), along);
  std::copy(bindings.begin(), bindings.end(), std::copy(trace.begin(), trace.end(), behind_id));
  memory.provision = called.contract.number;
  memory.method = called.method;
  memory.deadline.store(scope.deadline(), std::memory_order_relaxed);
  memory.request_id_size = static_cast<std::uint32_t>(request_id.size());
  memory.request = {.offset = end_.area->offset_of(there), .size = request.size};
  memory.along = {.offset = end_.area->offset_of(along), .size = along_size};
  memory.trace_size = static_cast<std::uint32_t>(trace.size());
  return true;
}

/// In what is left of the place itself, or in a block of the heap; null: there is none.
std::uint8_t* ContractCalls::room(std::span<std::uint8_t>& direct, std::uint64_t size, std::uint8_t*& block) {
  if (size > direct.size()) return block = end_.heap->allocate(size);
  auto* const there = direct.data();
  direct = direct.subspan(size);
  return there;
}

/// A thread of the worker that still sits at the place takes it from there; else one of those that look into the ring.
void ContractCalls::post(const Place& place) {
  const auto former = memory_of(place).turn.exchange(turn::kWorker);
  if (former == turn::kSeated) return;
  if (former != turn::kHost && !is_over_) end_.breach->note(kWrongTurn);
  bool is_to_wake = false;
  {
    const std::lock_guard lock(mutex_);
    const auto pushed = submissions_.push(place.number);
    if (pushed == RingWriter<std::uint32_t>::Pushed::full) end_.breach->note("it does not take the calls that it has");
    is_to_wake = pushed == RingWriter<std::uint32_t>::Pushed::to_empty && submissions_.has_sleepers();
  }
  if (is_to_wake) futex_wake(end_.area->memory().contract_submissions.tail, 1);
}

/// From its posting to its end. What it throws comes before the worker has returned.
mortise_status ContractCalls::carry(Place& place, const Called& called, runtime::Scope& scope,
                                    runtime::Scope::Time until, mortise_bytes* reply) {
  auto& memory = memory_of(place);
  for (;;) {
    switch (wait(place, scope, until)) {
      case Wait::over: give_back(place); return fail(MORTISE_UNAVAILABLE, called, kWorkerIsGone);
      case Wait::broken: leave(place); return fail(MORTISE_INTERNAL, called, kBroken);
      case Wait::late:
        if (!abandon(place)) continue;  // it has said something just now
        return fail(MORTISE_DEADLINE_EXCEEDED, called, runtime::what_has_passed(scope));
      case Wait::said: break;
    }
    const auto said = memory.said.load();
    if (said.outgoing == Said::kReturned) {
      return end_with(place, called, scope, reply, said.outcome);
    }
    if (end_.breach->is_noted() || !outgoing_->claim(said.outgoing)) {
      leave(place);
      return fail(MORTISE_INTERNAL, called, kBroken);
    }
    if (until <= Clock::now()) {
      leave(place);
      outgoing_->answer(said.outgoing, MORTISE_DEADLINE_EXCEEDED, runtime::what_has_passed(scope));
      return fail(MORTISE_DEADLINE_EXCEEDED, called, runtime::what_has_passed(scope));
    }
    memory.turn.store(turn::kWorker);
    outgoing_->serve(said.outgoing);
  }
}

/// The plugin is told when the client has gone, and is waited for all the same, as one in this process would be: who
/// did not wait would let in as many others as clients care to send, beside those that are inside.
ContractCalls::Wait ContractCalls::wait(const Place& place, const runtime::Scope& scope,
                                        runtime::Scope::Time until) const {
  auto& memory = memory_of(place);
  look_for([&] { return memory.turn.load(std::memory_order_acquire) != turn::kWorker; });
  for (;;) {
    const auto seen = memory.turn.load();
    if (seen == turn::kHost || seen == turn::kSeated) return Wait::said;
    if (is_over_) return Wait::over;
    if (seen != turn::kWorker) {
      end_.breach->note(kWrongTurn);
      return Wait::broken;
    }
    if (scope.is_unheard()) memory.deadline.store(runtime::Scope::kUnheard, std::memory_order_relaxed);
    const auto now = Clock::now();
    if (until <= now) return Wait::late;
    memory.host_sleeps.store(1);
    // Looks again even where nobody wakes it: the client may have gone, or the word be changed under its hands.
    futex_wait(memory.turn, seen, std::min<Clock::duration>(until - now, runtime::Scope::kLook));
    memory.host_sleeps.store(0);
  }
}

/// It has returned: the place is free for the next call, whatever becomes of what it has answered.
mortise_status ContractCalls::end_with(Place& place, const Called& called, runtime::Scope& scope, mortise_bytes* reply,
                                       const Outcome& outcome) {
  auto& memory = memory_of(place);
  mortise_status status = MORTISE_OK;
  try {
    status = take_outcome(place, called, scope, reply, outcome);
  } catch (const std::bad_alloc&) {
    status = MORTISE_RESOURCE_EXHAUSTED;
  }
  if (outcome.payload.offset != end_.area->offset_of(memory.reply.data())) {
    memory.taken.fetch_add(1);
    if (memory.worker_sleeps.load() != 0) futex_wake(memory.taken, 1);
  }
  place_of_thread() = place.number;
  // The next call is likely to be written there.
  prefetch_to_write(&memory.provision);
  prefetch_to_write(memory.direct.data());
  give_back(place);
  return status;
}

/// False: something else has become of it meanwhile.
bool ContractCalls::abandon(Place& place) {
  auto seen = turn::kWorker;
  if (!memory_of(place).turn.compare_exchange_strong(seen, turn::kAbandoned)) return false;
  list_abandoned(place);
  return true;
}

/// Nobody waits for the call any more; the place comes back when the plugin has returned.
void ContractCalls::leave(Place& place) {
  memory_of(place).turn.store(turn::kAbandoned);
  list_abandoned(place);
}

void ContractCalls::list_abandoned(Place& place) {
  const std::lock_guard lock(mutex_);
  place.left = Clock::now();
  abandoned_.push_back(&place);
  abandoned_count_.store(abandoned_.size(), std::memory_order_relaxed);
}

/// What the worker has written is copied before anybody looks at it.
mortise_status ContractCalls::take_outcome(const Place& place, const Called& called, runtime::Scope& scope,
                                           mortise_bytes* reply, const Outcome& outcome) {
  const auto& [status, message_size, payload] = outcome;
  if (!end_.area->is_workers(memory_of(place).reply, payload) || message_size > payload.size) {
    end_.breach->note("a reply of it lies where it must not write");
    return fail(MORTISE_INTERNAL, called, kBroken);
  }
  if (status != MORTISE_OK) {
    if (payload.size == 0) return fail(status, called, {});
    const auto* const texts = reinterpret_cast<const char*>(end_.area->at(payload.offset));
    const std::string message(texts, std::min<std::uint64_t>(message_size, kMostFailureBytes));
    const std::string context(texts + message_size,
                              std::min<std::uint64_t>(payload.size - message_size, kMostFailureBytes));
    return runtime::take_failure(generation_, status, message, context);
  }
  auto* const copy = static_cast<std::uint8_t*>(
      mortise_arena_allocate(&runtime::contracts_table(), &scope.table(), std::max<std::uint64_t>(payload.size, 1), 1));
  if (copy == nullptr) {
    return fail(MORTISE_RESOURCE_EXHAUSTED, called,
                "the caller's arena is at its cap, and has no room for the reply; raise arena_max_bytes");
  }
  std::memcpy(copy, end_.area->at(payload.offset), payload.size);
  *reply = {copy, payload.size};
  return MORTISE_OK;
}

bool ContractCalls::is_anybody_inside() {
  const std::lock_guard lock(mutex_);
  reclaim_abandoned();
  return std::any_of(places_.begin(), places_.end(),
                     [](const Place& place) { return place.is_taken.load(std::memory_order_relaxed); });
}

void ContractCalls::end() {
  is_over_ = true;
  for (auto& place : places_) {
    auto& memory = memory_of(place);
    auto seen = turn::kWorker;
    if (memory.turn.compare_exchange_strong(seen, turn::kOver)) futex_wake(memory.turn, 1);
  }
}

/// Throws nothing, as it is called when the place is somebody else's already.
mortise_status ContractCalls::fail(mortise_status status, const Called& called, std::string_view why) const noexcept {
  try {
    if (called.contract.declared == nullptr) return runtime::fail_call(generation_, status, "a task", why);
    const auto& declared = *called.contract.declared;
    const auto& methods = generation_.spec().manifest->methods_of(declared.contract);
    auto method = declared.contract;
    if (called.method < methods.size()) method.append(" ").append(methods[called.method].name);
    return runtime::fail_call(generation_, status, method, why);
  } catch (const std::bad_alloc&) {
    return status;
  }
}

}  // namespace mortise::isolation
