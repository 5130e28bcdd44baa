#include "isolation/outgoing_calls.hpp"

#include <algorithm>
#include <cstring>

#include "isolation/bindings.hpp"
#include "isolation/futex.hpp"
#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/reach.hpp"

namespace mortise::isolation {
namespace {

constexpr std::string_view kNoArena =
    "the caller's arena is at its cap, and has no room for the request; raise arena_max_bytes";

const void* binding_of(const mortise_scope& scope, std::uint32_t slot) {
  return slot < scope.binding_count ? scope.bindings[slot] : nullptr;
}

}  // namespace

std::string OutgoingCalls::describe(const mortise_scope& scope) const {
  BindingsWriter writer;
  for (const auto& slot : slots_) {
    const auto* const binding = binding_of(scope, slot.slot);
    if (!slot.is_list) {
      writer.add_one(binding != nullptr);
    } else if (binding == nullptr) {
      writer.add_all({});
    } else {
      const auto& all = *static_cast<const mortise_providers*>(binding);
      writer.add_all({all.items, static_cast<std::size_t>(all.count)});
    }
  }
  return writer.take();
}

/// Null: the worker was not told of any such.
const mortise_channel_v1* OutgoingCalls::find(const mortise_scope& scope, const Wanted& wanted) const {
  if (wanted.requirement >= slots_.size()) return nullptr;
  const auto& slot = slots_[wanted.requirement];
  const auto* const binding = binding_of(scope, slot.slot);
  if (binding == nullptr || !slot.is_list) return static_cast<const mortise_channel_v1*>(binding);
  const auto& all = *static_cast<const mortise_providers*>(binding);
  if (wanted.provider >= all.count) return nullptr;
  return static_cast<const mortise_channel_v1*>(all.items[wanted.provider].contract);
}

bool OutgoingCalls::claim(std::uint32_t number) {
  if (number >= kOutgoingCount) {
    end_.breach->note("it makes a call in a place that there is none of");
    return false;
  }
  if (!is_busy_[number].exchange(true, std::memory_order_acquire)) return true;
  end_.breach->note("it makes two calls in one place");
  return false;
}

void OutgoingCalls::serve(std::uint32_t number, const OnOutcome& on_outcome) {
  const auto& place = end_.area->memory().outgoing[number];
  const auto wanted = place.wanted.load();
  if (!end_.area->is_workers(place.direct, wanted.request)) {
    return end_.breach->note("a call of it lies where it must not write");
  }
  auto& scope = *runtime::Scope::current();
  const auto* const channel = find(scope.table(), wanted);
  if (channel == nullptr) return end_.breach->note("it calls a provider that it was not told of");
  // Neither the failure of this call nor its memory is the caller's, who may still have a failure of its own to handle.
  auto& table = scope.table();
  const auto former = table.failure;
  table.failure = {};
  const auto mark = scope.arena().mark(table);
  {
    // Nor is what the plugin gives it of time; a hostile one's may be any number.
    const runtime::ScopeLimit limit(scope, from_ns(std::max<std::int64_t>(wanted.deadline_ns, 0)));
    make(scope, *channel, number, wanted, on_outcome);
  }
  scope.arena().rewind(table, mark);
  table.failure = former;
}

void OutgoingCalls::make(runtime::Scope& scope, const mortise_channel_v1& channel, std::uint32_t number,
                         const Wanted& wanted, const OnOutcome& on_outcome) {
  const auto tell = [&](mortise_status status, std::string_view message, std::string_view context) {
    if (!on_outcome) return;
    on_outcome({.status = status, .message = std::string(message), .context = std::string(context)});
  };
  auto& table = scope.table();
  const auto size = wanted.request.size;
  auto* request = size <= scope.cone()->arena_max_bytes ? runtime::reserve(channel, size) : nullptr;
  if (request == nullptr) {
    request = static_cast<std::uint8_t*>(
        mortise_arena_allocate(&runtime::contracts_table(), &table, std::max<std::uint64_t>(size, 1), 1));
  }
  if (request == nullptr) {
    tell(MORTISE_RESOURCE_EXHAUSTED, kNoArena, {});
    return answer(number, MORTISE_RESOURCE_EXHAUSTED, kNoArena);
  }
  std::memcpy(request, end_.area->at(wanted.request.offset), size);
  mortise_bytes reply{nullptr, 0};
  const auto status = runtime::call_over(channel, wanted.method, {request, size}, reply);
  if (status == MORTISE_OK) {
    tell(status, {}, {});
    return answer(number, status, runtime::to_view(reply));
  }
  const auto& failure = table.failure;
  const bool is_told = failure.status == status;
  const auto message = is_told ? runtime::to_view(failure.message).substr(0, kMostFailureBytes) : std::string_view();
  const auto context = is_told ? runtime::to_view(failure.context).substr(0, kMostFailureBytes) : std::string_view();
  tell(status, message, context);
  answer(number, status, message, context);
}

/// The place is the worker's from here on.
void OutgoingCalls::answer(std::uint32_t number, mortise_status status, std::string_view text, std::string_view rest) {
  auto& place = end_.area->memory().outgoing[number];
  const auto size = text.size() + rest.size();
  const bool is_lent = size > place.reply.size();
  auto* const to = is_lent ? end_.heap->allocate(size) : place.reply.data();
  if (to == nullptr) return answer(number, MORTISE_RESOURCE_EXHAUSTED, kNoHeapForReply);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  if (!rest.empty()) std::memcpy(to + text.size(), rest.data(), rest.size());
  if (is_lent) {
    const std::lock_guard lock(mutex_);
    lent_.insert(end_.area->offset_of(to));
  }
  place.outcome.store({.status = status,
                       .message_size = status == MORTISE_OK ? 0 : static_cast<std::uint32_t>(text.size()),
                       .payload = {.offset = end_.area->offset_of(to), .size = size}});
  is_busy_[number].store(false, std::memory_order_release);
  place.is_there.store(1);
  if (place.worker_sleeps.load() != 0) futex_wake(place.is_there, 1);
}

void OutgoingCalls::take_back(std::uint64_t offset) {
  {
    const std::lock_guard lock(mutex_);
    if (lent_.erase(offset) == 0) return end_.breach->note("it gives back what it has not been lent");
  }
  end_.heap->free(end_.area->at(offset));
}

}  // namespace mortise::isolation
