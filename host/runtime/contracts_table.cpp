#include "runtime/contracts_table.hpp"

#include <chrono>

#include "runtime/abi_values.hpp"
#include "runtime/contracts.hpp"
#include "runtime/failure.hpp"
#include "runtime/generation.hpp"
#include "runtime/scope.hpp"

namespace mortise::runtime {
namespace {

ContractRegistry* registry_of(const Generation& generation) {
  auto* contracts = dynamic_cast<Contracts*>(generation.service_of(MORTISE_CONTRACTS_V1));
  return contracts == nullptr ? nullptr : &contracts->registry();
}

mortise_scope* current() {
  auto* scope = Scope::current();
  return scope == nullptr ? nullptr : &scope->table();
}

mortise_status require(mortise_host* host, const mortise_requirement_v1* requirement, std::uint32_t* slot,
                       mortise_error* error) {
  const auto& generation = Generation::from(host);
  auto* registry = registry_of(generation);
  if (registry == nullptr || requirement == nullptr || slot == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto taken = registry->require(generation, *requirement);
    if (!taken) return to_abi(taken.error(), error);
    *slot = *taken;
    return MORTISE_OK;
  });
}

mortise_status provide(mortise_host* host, const mortise_provision_v1* provision, mortise_error* error) {
  const auto& generation = Generation::from(host);
  auto* registry = registry_of(generation);
  if (registry == nullptr || provision == nullptr) return MORTISE_INVALID_ARGUMENT;
  return guarded(error, [&] {
    const auto provided = registry->provide(generation, *provision);
    return provided ? MORTISE_OK : to_abi(provided.error(), error);
  });
}

mortise_status fail(mortise_host* host, mortise_status status, mortise_str method, mortise_str message,
                    mortise_str context) {
  return fail_call(Generation::from(host), status, to_view(method), to_view(message), to_view(context));
}

void* arena_grow(mortise_scope* scope, std::uint64_t size, std::uint64_t alignment) {
  return Scope::from(*scope).arena().grow(*scope, size, alignment);
}

std::uint64_t arena_mark(mortise_scope* scope) { return Scope::from(*scope).arena().mark(*scope); }

void arena_rewind(mortise_scope* scope, std::uint64_t mark) {
  Scope::from(*scope).arena().rewind(*scope, mark);
  scope->failure = {};  // its texts may have been there
}

std::uint64_t scope_time_left_ms(mortise_scope* scope) { return time_left_ms(Scope::from(*scope).deadline()); }

// What restore_limit() takes is the former limit itself, in the clock's ticks.
std::uint64_t limit_ms(mortise_scope* scope, std::uint64_t ms) {
  using std::chrono::milliseconds;
  const auto now = Scope::Time::clock::now();
  const auto most = std::chrono::duration_cast<milliseconds>(Scope::Time::max() - now);
  const bool is_none = ms >= static_cast<std::uint64_t>(most.count());
  const auto former =
      Scope::from(*scope).limit(is_none ? Scope::Time::max() : now + milliseconds(static_cast<std::int64_t>(ms)));
  return static_cast<std::uint64_t>(former.time_since_epoch().count());
}

void restore_limit(mortise_scope* scope, std::uint64_t former) {
  Scope::from(*scope).restore_limit(Scope::Time(Scope::Time::duration(static_cast<std::int64_t>(former))));
}

}  // namespace

const mortise_contracts_v1& contracts_table() noexcept {
  static const mortise_contracts_v1 kTable{.struct_size = sizeof(mortise_contracts_v1),
                                           .reserved = 0,
                                           .scope_offset = Scope::offset(),
                                           .current = &current,
                                           .require = &require,
                                           .provide = &provide,
                                           .fail = &fail,
                                           .arena_grow = &arena_grow,
                                           .arena_mark = &arena_mark,
                                           .arena_rewind = &arena_rewind,
                                           .time_left_ms = &scope_time_left_ms,
                                           .limit_ms = &limit_ms,
                                           .restore_limit = &restore_limit};
  return kTable;
}

}  // namespace mortise::runtime
