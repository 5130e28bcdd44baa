#include "isolation/remote_contracts.hpp"

#include <algorithm>
#include <cstring>

#include "isolation/calling.hpp"
#include "isolation/contract_crew.hpp"
#include "isolation/steady_ns.hpp"
#include "runtime/abi_values.hpp"
#include "runtime/contracts_table.hpp"
#include "runtime/scope.hpp"

namespace mortise::isolation {
namespace {

constexpr std::string_view kNoHeapForRequest = "the memory that host and worker share has no room for the request";

}  // namespace

mortise_status RemoteContracts::call(std::uint32_t requirement, std::uint32_t provider, std::uint32_t method,
                                     mortise_bytes request, mortise_bytes* reply) {
  auto* block = link_.heap().has(request.data) ? const_cast<std::uint8_t*>(request.data) : nullptr;
  const auto* const scope = runtime::Scope::current();
  const auto deadline = scope == nullptr ? runtime::Scope::Time::max() : scope->deadline();
  const Wanted wanted{
      .requirement = requirement, .provider = provider, .method = method, .deadline_ns = to_ns(deadline)};
  const auto number = places_.take();
  const auto status =
      number ? call_from(*number, wanted, request, block, reply)
             : fail(MORTISE_RESOURCE_EXHAUSTED, "the plugin makes too many calls of others at this moment");
  if (block != nullptr) link_.heap().free(block);
  if (number) places_.give_back(*number);
  return status;
}

/// `block`: what of the heap the request lies in, or will; null: none.
mortise_status RemoteContracts::call_from(std::uint32_t number, Wanted wanted, mortise_bytes request,
                                          std::uint8_t*& block, mortise_bytes* reply) {
  const auto* const entered = Entered::current();
  if (entered == nullptr) return fail(MORTISE_FAILED_PRECONDITION, "the thread is inside the plugin for no request");
  auto& place = places_.memory(number);
  auto* to = block;
  if (block == nullptr) {
    to = request.size <= place.direct.size() ? place.direct.data() : block = link_.heap().allocate(request.size);
    if (to == nullptr) return fail(MORTISE_RESOURCE_EXHAUSTED, kNoHeapForRequest);
    if (request.size > 0) std::memcpy(to, request.data, request.size);
  }
  wanted.request = {.offset = link_.area().offset_of(to), .size = request.size};
  places_.ask(number, wanted);
  if (!say(*entered, number)) return fail(MORTISE_CANCELLED, "nobody waits any more for what this call is part of");
  return take_outcome(number, places_.wait(number), reply);
}

mortise_status RemoteContracts::fail(mortise_status status, std::string_view why) {
  if (auto* const scope = runtime::Scope::current()) {
    scope->table().failure = {.status = status, .reserved = 0, .message = runtime::to_abi(why), .context = {}};
  }
  return status;
}

/// False: nobody waits for what becomes of the call that this one is part of.
bool RemoteContracts::say(const Entered& entered, std::uint32_t place) {
  if (entered.way == Entered::Way::contract_call) {
    return ContractCrew::say(link_.area().memory().contract_calls[entered.number], {.outgoing = place}, turn::kHost);
  }
  if (calling::hand_over(link_.area().memory().calls[entered.number], place)) return true;
  Completion completion;
  completion.kind = Completion::Kind::call;
  completion.call = entered.number;
  completion.argument = place;
  link_.complete(completion, true);
  return true;
}

/// Into the scope's arena; what fails is the scope's failure then.
mortise_status RemoteContracts::take_outcome(std::uint32_t place, const Outcome& outcome, mortise_bytes* reply) {
  auto& scope = runtime::Scope::current()->table();
  const auto [offset, size] = outcome.payload;
  auto* const copy = static_cast<std::uint8_t*>(
      mortise_arena_allocate(&runtime::contracts_table(), &scope, std::max<std::uint64_t>(size, 1), 1));
  if (copy != nullptr) std::memcpy(copy, link_.area().at(offset), size);
  places_.done_with(place, outcome);
  if (copy == nullptr) {
    return fail(MORTISE_RESOURCE_EXHAUSTED, "the arena has no room for the reply; raise arena_max_bytes");
  }
  if (outcome.status == MORTISE_OK) {
    *reply = {copy, size};
    return MORTISE_OK;
  }
  const auto* const texts = reinterpret_cast<const char*>(copy);
  scope.failure = {.status = outcome.status,
                   .reserved = 0,
                   .message = {texts, outcome.message_size},
                   .context = {texts + outcome.message_size, size - outcome.message_size}};
  return outcome.status;
}

}  // namespace mortise::isolation
