// The calling thread's scope, found without a call: the thread pointer, an offset from the host, two loads. Nothing
// here is for plugins but scope_is_open() and time_left(); slots, methods and the arena are built on it.
#pragma once

#include <mortise/abi/contracts.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <mortise/error.hpp>
#include <mortise/text.hpp>
#include <mortise/time_left.hpp>

namespace mortise {
namespace detail {

/// What code far from a Context needs: where scopes are found, and this plugin's identity. One per plugin, written on
/// the control thread before the plugin's first slot or contract exists, constant from then on.
struct ContractsLink {
  const mortise_contracts_v1* contracts = nullptr;
  mortise_host* host = nullptr;
  std::int64_t scope_offset = 0;

  void set(const mortise_contracts_v1* table, mortise_host* identity) noexcept {
    contracts = table;
    host = identity;
    scope_offset = table->scope_offset;
  }
};
inline constinit ContractsLink contracts_link;

/// Null outside any scope. Only once the link is set: where there is a slot or a contract. [any-thread]
inline mortise_scope* linked_scope() noexcept {
#if defined(__GNUC__)
  return mortise_scope_at(contracts_link.scope_offset);
#else
  return contracts_link.contracts->current();
#endif
}

/// Null outside any scope. [any-thread]
inline mortise_scope* current_scope() noexcept {
  return contracts_link.contracts == nullptr ? nullptr : linked_scope();
}

[[noreturn, gnu::cold, gnu::noinline]] inline void throw_no_scope() {
  throw Error(Status::failed_precondition,
              "contracts and the arena can be used only while the host runs this plugin's code for a request, not in a "
              "constructor, after defer() or on a thread of the plugin's own");
}

/// Throws where current_scope() is null.
inline mortise_scope& require_scope() {
  auto* scope = current_scope();
  if (scope == nullptr) [[unlikely]]
    throw_no_scope();
  return *scope;
}

}  // namespace detail

/// Whether contracts can be called on this thread at this moment. since 1.0 [any-thread]
inline bool scope_is_open() noexcept { return detail::current_scope() != nullptr; }

/// How long the request that this thread is inside for may take yet; for providers, which do not see it (its handler
/// asks Request::time_left(), which also says what zero means). Less, where a caller has set a TimeLimit that ends
/// sooner. None: there is no deadline, no scope, or the plugin neither requires nor provides a contract; a host older
/// than ABI 1.1 tells of none. since 1.1 [any-thread]
inline std::optional<std::chrono::milliseconds> time_left() noexcept {
  auto* const scope = detail::current_scope();
  const auto* const contracts = detail::contracts_link.contracts;
  if (scope == nullptr || !MORTISE_HAS(mortise_contracts_v1, contracts, time_left_ms)) return std::nullopt;
  return detail::to_time_left(contracts->time_left_ms(scope));
}

}  // namespace mortise
