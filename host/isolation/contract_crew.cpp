#include "isolation/contract_crew.hpp"

#include <cstring>
#include <string_view>

#include "isolation/entered.hpp"
#include "isolation/futex.hpp"
#include "isolation/prefetch.hpp"
#include "isolation/task_form.hpp"
#include "isolation/worker_trace.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"
#include "telemetry/log.hpp"

namespace mortise::isolation {
ContractCrew::ContractCrew(HostLink& link, const runtime::Registered& registered, const mortise_channel_v1& tasks,
                           Bindings& bindings)
    : link_(link),
      registered_(registered),
      tasks_(tasks),
      bindings_(bindings),
      crew_(
          link.area().memory().contract_submissions, [this](std::uint32_t number) { run(number); },
          [] { return kContractCallCount; }) {}

void ContractCrew::run(std::uint32_t number) {
  auto& place = link_.area().memory().contract_calls[number];
  Bound bound;
  while (answer(number, place, bound) && sit(place)) continue;
}

/// Whether somebody has waited for it.
bool ContractCrew::answer(std::uint32_t number, ContractCallMemory& place, Bound& bound) {
  // What is looked at only through what is looked at first, and what was last read by the host.
  prefetch(place.direct.data());
  prefetch_to_write(&place.said);
  const mortise_bytes request{link_.area().at(place.request.offset), place.request.size};
  const std::string_view along(reinterpret_cast<const char*>(link_.area().at(place.along.offset)), place.along.size);
  const auto& generation = bindings_.generation();
  const auto trace = trace_of(along.substr(place.request_id_size, place.trace_size));
  const telemetry::LogScope log_scope(generation.name(), generation.number_text(),
                                      along.substr(0, place.request_id_size), {}, trace ? &*trace : nullptr);
  const auto described = along.substr(place.request_id_size + place.trace_size);
  if (!bound.cone || bound.described != described) bound = {std::string(described), bindings_.find(described)};
  const Entered entered(Entered::Way::contract_call, number);
  runtime::Scope scope(bound.cone, &place.deadline);
  mortise_bytes reply{nullptr, 0};
  const auto& channel = place.provision == kTaskProvision ? tasks_ : *registered_.provisions[place.provision].channel;
  const auto status = runtime::call_over(channel, place.method, request, reply);
  if (status == MORTISE_OK) {
    return tell(place, status, {reinterpret_cast<const char*>(reply.data), reply.size}, {});
  }
  const auto& failure = scope.table().failure;
  if (failure.status != status) return tell(place, status, {}, {});
  return tell(place, status, runtime::to_view(failure.message), runtime::to_view(failure.context));
}

/// Returns when the host has what is in the heap.
bool ContractCrew::tell(ContractCallMemory& place, mortise_status status, std::string_view text,
                        std::string_view rest) {
  const auto size = text.size() + rest.size();
  auto* to = place.reply.data();
  std::uint8_t* block = nullptr;
  if (size > place.reply.size()) to = block = link_.heap().allocate(size);
  if (to == nullptr) return tell(place, MORTISE_RESOURCE_EXHAUSTED, kNoHeapForReply, {});
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  if (!rest.empty()) std::memcpy(to + text.size(), rest.data(), rest.size());
  const auto message_size = status == MORTISE_OK ? 0 : static_cast<std::uint32_t>(text.size());
  const Payload payload{.offset = link_.area().offset_of(to), .size = size};
  const Said said{.outcome = {.status = status, .message_size = message_size, .payload = payload}};
  const auto taken = place.taken.load(std::memory_order_relaxed);
  const bool is_heard = say(place, said, turn::kSeated);
  if (!is_heard) place.turn.store(turn::kHost);
  if (block == nullptr) return is_heard;
  if (is_heard) wait_until_taken(place, taken);
  link_.heap().free(block);
  return is_heard;
}

void ContractCrew::wait_until_taken(ContractCallMemory& place, std::uint32_t before) {
  const auto is_taken = [&] { return place.taken.load() != before; };
  if (look_for(is_taken)) return;
  place.worker_sleeps.store(1);
  while (!is_taken()) futex_wait(place.taken, before);
  place.worker_sleeps.store(0);
}

bool ContractCrew::say(ContractCallMemory& place, const Said& said, std::uint32_t to) {
  place.said.store(said);
  auto mine = turn::kWorker;
  if (!place.turn.compare_exchange_strong(mine, to)) return false;
  if (place.host_sleeps.load() != 0) futex_wake(place.turn, 1);
  return true;
}

/// Whether the next call has come to this place while its thread was awake.
bool ContractCrew::sit(ContractCallMemory& place) {
  const auto has_come = [&] { return place.turn.load(std::memory_order_acquire) != turn::kSeated; };
  auto seated = turn::kSeated;
  return look_for(has_come) || !place.turn.compare_exchange_strong(seated, turn::kHost);
}

}  // namespace mortise::isolation
